"""A benchmark's scorer under a budget: searched as `cartograph tune` does, on validation windows, before the test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from recsys.exam import Exam
from recsys.recipe import Conditions, seeded
from recsys.scorers import create
from recsys.searching import Values, present, space
from recsys.store import parameters
from recsys.study import Budget, Figures, Search
from recsys.tuner import Subject
from recsys.types import Scorer
from recsys.workspace import hash_of

WINDOWS = 2  # to judge a trial on: one alone was seen to misrank
STUDIES = "studies.sqlite"


def searched(
    name: str, given: Mapping[str, Any], exam: Exam, k: int, budget: Budget, conditions: Conditions, folder: Path
) -> tuple[Scorer, dict[str, Any]]:
    """A scorer fitted on the train graph with the best that the budget found, and what the search says of itself.

    The study is kept in `folder`, so that it goes on after a break. Of a scorer with nothing to search: as it comes.
    """
    scorer = seeded(name, given, exam.seed)
    graph, validation = exam.validation.graph, exam.validation.holdout
    found = space(scorer, graph, fixed=given)
    if not found:
        return conditions.fit(scorer, graph, validation), {"trials": 0}
    subject = Subject(name, (scorer,), found, (present(scorer, found),))
    windows = exam.tuning(WINDOWS)

    def judge(values: Values, window: int) -> Figures:
        return subject.judged(values, windows[window], k, conditions)

    identity = hash_of([parameters(scorer), {key: repr(span) for key, span in found.items()}, k, exam.to_json()])
    search = Search(f"{name}-{exam.seed}-{identity}", found, subject.starts, judge, len(windows))
    done = search.run(folder / STUDIES, budget, exam.seed, conditions.say)
    best = create(name, **{**parameters(scorer), **subject.parameters(done.values)})
    told = {"trials": done.trials, "pruned": done.pruned, "searched_seconds": done.seconds}
    return conditions.fit(best, graph, validation), told
