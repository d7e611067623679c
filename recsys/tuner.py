"""Hyperparameters of scorers, and of the query they share, searched on several validation windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from kg.carves import carves
from kg.graph import KnowledgeGraph
from recsys.errors import RecsysError
from recsys.evaluation import evaluate
from recsys.protocol import Protocol
from recsys.recipe import Conditions, by_gradient, seeded
from recsys.scorers import create
from recsys.searching import WEIGHTING, Space, Values, changed, present, space
from recsys.stages import Job, taught, windows
from recsys.store import parameters
from recsys.study import Budget, Figures, Found, Search
from recsys.teaching import LESSON
from recsys.tuned import QUERY, has_plain_weighting, remember, remembered
from recsys.types import Scorer
from recsys.windows import Window, window, window_if_any
from recsys.workspace import Stage, hash_of

STUDIES = "studies.sqlite"


@dataclass(frozen=True, eq=False)
class Subject:
    """What is tuned together: one scorer, or several that share the weighting of the query.

    starts: what to begin with, by parameter of the space; the first is how it comes.
    """

    name: str
    scorers: tuple[Scorer, ...]
    space: Space
    starts: tuple[Values, ...]

    def judged(self, values: Values, window: Window, k: int, conditions: Conditions) -> Figures:
        """NDCG@k of every user under these values, the mean over the scorers, float64 (users,)."""
        found = []
        for scorer in self.scorers:
            fitted = conditions.fit(changed(scorer, values), window.graph, window.holdout)
            judged = evaluate({"": fitted}, window.holdout, _protocol(scorer, k), ["warm"])
            found.append(judged.figures[""]["warm"][f"ndcg@{k}"])
        return np.mean(found, axis=0)

    def parameters(self, values: Values) -> dict[str, Any]:
        """The values as `train` takes them."""
        told = parameters(changed(self.scorers[0], values))
        return {name: told[name] for name in dict.fromkeys(name.partition(".")[0] for name in values)}


def tune(job: Job, names: Sequence[str], budget: Budget, n_windows: int = 3) -> Iterator[dict[str, Any]]:
    """Tune scorers by name, or "query"; a row of the contract for each as it is done, what it found kept for `train`.

    The job has run until `graph`. Raises RecsysError naming a scorer that does not exist or has nothing to tune.
    """
    for name in names:
        if name != QUERY:
            create(name)
    with job.workspace.locked():
        made = job.workspace.stage("graph")
        found = _windows(job, n_windows)
        for name in names:
            subject = (_query if name == QUERY else _scorer)(job, name, found[0].graph)
            done = _searched(job, made, subject, found, budget)
            taken = subject.parameters(done.values) if done.taken else {}
            remember(job.workspace, job.config, made, name, taken)
            yield _row(name, done, taken, f"ndcg@{job.config.evaluation.k[0]}", found)


def _searched(job: Job, made: Stage, subject: Subject, found: Sequence[Window], budget: Budget) -> Found:
    """The search of a subject; its study is another one where the graph, what is given or what is searched is."""
    k, seed, conditions = job.config.evaluation.k[0], job.config.seed, Conditions(job.device)
    given = [parameters(scorer) for scorer in subject.scorers]
    spans = {name: repr(span) for name, span in subject.space.items()}
    identity = hash_of([made.output, given, spans, k, len(found), seed])

    def judge(values: Values, window: int) -> Figures:
        return subject.judged(values, found[window], k, conditions)

    def say(text: str, share: float) -> None:
        job.say(f"{subject.name}: {text}", share)

    search = Search(f"{subject.name}-{identity}", subject.space, subject.starts, judge, len(found))
    return search.run(job.workspace.folder / STUDIES, budget, seed, say)


def _row(name: str, done: Found, taken: Mapping[str, Any], metric: str, found: Sequence[Window]) -> dict[str, Any]:
    return {
        "name": name,
        "metric": metric,
        "before": done.before,
        "after": done.after,
        "taken": done.taken,
        "parameters": dict(taken),
        "trials": done.trials,
        "pruned": done.pruned,
        "seconds": round(done.seconds),
        "windows": len(found),
    }


def _windows(job: Job, n: int) -> list[Window]:
    """At most n; fewer where the log is too short for more."""
    section, kinds = job.config.derive, job.config.shop.target_kinds
    found: list[Window] = []
    for carve in islice(carves(windows(job), job.config.split, kinds), n):
        job.say(f"building the graph of window {len(found) + 1}")
        made = window_if_any(carve, section, kinds) if found else window(carve, section, kinds)
        if made is None:
            break
        found.append(made.thinned(LESSON))
    return found


def _protocol(scorer: Scorer, k: int) -> Protocol:
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    return Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))


def _scorer(job: Job, name: str, graph: KnowledgeGraph) -> Subject:
    """A scorer as it comes; other starts are what the last training found, and the last search."""
    given = job.config.scorers.get(name, {})
    scorer = seeded(name, given, job.config.seed)
    found = space(scorer, graph, fixed=given)
    if not found:
        fix = "Give less of it under [scorers]; in a log without times, nothing that fades is tuned."
        raise RecsysError("there is nothing to tune of this scorer", value=name, fix=fix)
    earlier = [taught(job.workspace).get(name, {}), remembered(job.workspace, name)]
    others = [create(name, **{**known, **given}) for known in earlier if known]
    starts = [present(each, found) for each in (scorer, *others)]
    return Subject(name, (scorer,), found, tuple(start for n, start in enumerate(starts) if start not in starts[:n]))


def _query(job: Job, name: str, graph: KnowledgeGraph) -> Subject:
    """The weighting that the config's scorers share, those that can be fitted again and again."""
    plain = [name for name, given in job.config.scorers.items() if has_plain_weighting(name, given)]
    scorers: list[Any] = [seeded(name, job.config.scorers[name], job.config.seed) for name in plain]
    told = tuple(
        scorer
        for scorer in scorers
        if WEIGHTING in type(scorer).GRID and not by_gradient(scorer) and not hasattr(scorer, "TUNED_WITH_REPEATS")
    )
    found = space(told[0], graph, only=(WEIGHTING,)) if told else {}
    if not found:
        raise RecsysError(
            "there is nothing to tune of the query",
            value=name,
            fix="It needs a log with times or several kinds of event, and a scorer that does not weigh them by itself.",
        )
    return Subject(name, told, found, (present(told[0], found),))
