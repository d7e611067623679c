"""Scorers side by side on a published data set: taught, refitted and judged as a shop's are, and what that costs.

Every scorer is tuned by validation, and by the window before it where there is one, fitted again on train and
validation, and judged on test, once; the fusion of all of them comes last. What is finished is kept, so that the same
benchmark goes on after a break.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np

from kg.config import Split
from kg.errors import KgError
from kg.published.data import Published
from recsys.budgeted import searched
from recsys.config import Evaluation
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.measuring import Measured
from recsys.recipe import Conditions, Recipe
from recsys.scorers import DEFAULT
from recsys.scorers.attributes import attributes
from recsys.second_stage import NAME, SecondStage
from recsys.significance import beside
from recsys.study import Budget
from recsys.teaching import teach, tuned
from recsys.threads import allowed
from recsys.tuning import Effort
from recsys.types import Scorer
from recsys.windows import Window
from recsys.workspace import Stage, Workspace, hash_of

FUSION, SECOND = "fusion", NAME
Of = Callable[[Mapping[str, Scorer]], Scorer]
FIRST = ("recall@20", "ndcg@20")
STANDARD = Evaluation(repeats="exclude", k=(20, 10))
"""The protocol of published figures: all items ranked, what a user had before masked."""
EFFORT = Effort(trial=100_000_000, scores=10_000_000_000, rounds=3, minutes=20)
"""More than training spends: here a scorer's best is asked for, not the best that is ready in a few minutes."""
_FIGURES = "figures.npy"
_BY_ATTRIBUTES = ("content_knn", "attribute_ials", "attribute_ease", "walks", "tastes", "lightgcn")


def contenders(window: Window) -> dict[str, dict[str, Any]]:
    """The scorers of a benchmark that names none.

    Those of a run, and the strongest of the others on such a graph; of items hidden until they are asked about, those
    that know items by their attributes.
    """
    known = bool(attributes(window.graph).relations)
    if window.holdout.candidates is not None:
        return {name: {} for name in ("popularity", *(_BY_ATTRIBUTES if known else ()))}
    return {name: {} for name in (*DEFAULT, "polynomial", *(("attribute_ease",) if known else ()))}


@dataclass(frozen=True)
class Outcome:
    """One scorer by one seed: the stage that holds its row, or the error of a scorer that could not be fitted."""

    scorer: str
    seed: int
    stage: Stage | None = None
    error: str = ""

    @property
    def row(self) -> dict[str, Any]:
        """A row of the contract's results."""
        named = {"scorer": self.scorer, "seed": self.seed}
        if self.stage is None:
            costs = dict.fromkeys(("fit_seconds", "users_per_second", "peak_mb"))
            return {**named, "metrics": {}, **costs, "error": self.error}
        return {**named, **self.stage.result, "peak_mb": round(self.stage.peak_mb)}


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Scorers on a data set, by several seeds; the parameters that are given stay, the others are tuned.

    Where no scorers are named it is `contenders`. A seed draws validation where the data bring none, all that a `split`
    by chance draws, and the random numbers of the scorers that need any. `folder` is where results are kept. With a
    `budget` each scorer is searched as `cartograph tune` does, instead of from its small grid on. A `second_stage` of
    trees is told beside the fusion.
    """

    data: Published
    scorers: Mapping[str, Mapping[str, Any]] | None
    folder: Path
    seeds: tuple[int, ...] = (0,)
    section: Evaluation = STANDARD
    conditions: Conditions = field(default_factory=Conditions)
    split: Split | None = None
    budget: Budget | None = None
    second_stage: bool = False

    def to_json(self) -> dict[str, Any]:
        """The contract's `data`."""
        return Exam(self.data, self.seeds[0], self.split).to_json()

    def run(self) -> Iterator[Outcome]:
        """Every scorer by every seed, each as it is done; the fusion is of those that could be fitted.

        A scorer for which there is too little memory, or whose training fails, does not stop the others.
        """
        judged = self.section.model_dump(mode="json")
        cut = self.split and self.split.model_dump(mode="json")
        workspace = Workspace(self.folder / hash_of([self.data.identity, judged, cut]))
        with workspace.locked():
            for seed in self.seeds:
                exam, done = Exam(self.data, seed, self.split), dict[str, Stage]()
                scorers = contenders(exam.validation) if self.scorers is None else self.scorers
                for name, given in scorers.items():
                    self.conditions.say(f"{name}, seed {seed} …")
                    outcome = _tried(name, seed, partial(self._alone, workspace, exam, name, given))
                    yield outcome
                    if outcome.stage:
                        done[name] = outcome.stage
                if len(done) > 1:
                    self.conditions.say(f"{FUSION}, seed {seed} …")
                    fused = _tried(FUSION, seed, partial(self._fused, workspace, exam, done))
                    yield fused
                    if self.second_stage and exam.test.holdout.candidates is not None:
                        self.conditions.say(f"no {SECOND}: it orders what people have had, not hidden items")
                    elif self.second_stage and fused.stage:
                        self.conditions.say(f"{SECOND}, seed {seed} …")
                        yield _tried(SECOND, seed, partial(self._ranked, workspace, exam, done, fused.stage))

    def _alone(self, workspace: Workspace, exam: Exam, name: str, given: Mapping[str, Any]) -> Stage:
        def work(folder: Path, scratch: Path) -> dict[str, Any]:
            conditions = self._conditions(scratch)
            found: dict[str, Any] = {}
            with Measured(afresh=False) as tuning:
                if self.budget is None:
                    window, earlier = exam.validation, exam.earlier
                    part = tuned(name, given, window, self.section, conditions, exam.seed, earlier, EFFORT)
                else:
                    k = self.section.k[0]
                    part, found = searched(name, given, exam, k, self.budget, conditions, workspace.folder)
            recipe = Recipe.of({name: part}, {})
            del part  # what it learned on train is not needed beside what it learns next
            told = {"tune_seconds": tuning.seconds, "parameters": recipe.scorers[name], **found}
            return self._judged(name, recipe, exam, conditions, folder, itemgetter(name)) | told

        inputs = {"parameters": given, "seed": exam.seed} | ({"budget": asdict(self.budget)} if self.budget else {})
        return workspace.run(f"{name}-{exam.seed}", inputs, work)

    def _fused(self, workspace: Workspace, exam: Exam, done: Mapping[str, Stage]) -> Stage:
        def work(folder: Path, scratch: Path) -> dict[str, Any]:
            conditions, repeats = self._conditions(scratch), self.section.repeats
            parts = {name: stage.result["parameters"] for name, stage in done.items()}
            with Measured(afresh=False) as learning:
                section, seed = self.section, exam.seed
                lesson = teach(exam.validation, parts, section, conditions, seed, [repeats], earlier=exam.earlier)
                recipe = lesson.recipe
            weights = {name: weight for name, (weight, *_) in recipe.weights[repeats].items()}
            told = {"tune_seconds": learning.seconds, "weights": weights}

            def of(parts: Mapping[str, Scorer]) -> Scorer:
                return recipe.fusions(parts)[repeats]

            judged = self._judged(FUSION, recipe, exam, conditions, folder, of)
            return judged | told | self._beside(folder, done, exam.seed)

        parts = {name: stage.output for name, stage in done.items()}
        return workspace.run(f"{FUSION}-{exam.seed}", {"parts": parts, "seed": exam.seed}, work)

    def _ranked(self, workspace: Workspace, exam: Exam, done: Mapping[str, Stage], fused: Stage) -> Stage:
        """The second stage over the candidates of all scorers, beside the fusion."""

        def work(folder: Path, scratch: Path) -> dict[str, Any]:
            conditions = self._conditions(scratch)
            protocol = self.section.protocol(self.section.repeats, exam.seed)
            recipe = Recipe({name: stage.result["parameters"] for name, stage in done.items()}, {})
            with Measured(afresh=False) as learning:
                parts = recipe.fit(exam.validation.graph, conditions)
                trees = SecondStage(parts, exam.validation.graph, exam.seed, allowed())
                trees.learn(exam.validation.holdout, protocol)
            told = self._judged(SECOND, recipe, exam, conditions, folder, partial(trees.on, graph=exam.test.graph))
            ours, theirs = (np.load(place / _FIGURES) for place in (folder, fused.checked()))
            (gain,) = beside(ours, [theirs], resamples=protocol.resamples, level=protocol.level, seed=exam.seed)
            return told | {"tune_seconds": learning.seconds, "second_vs_fusion": gain.to_json()}

        return workspace.run(f"{SECOND}-{exam.seed}", {"fusion": fused.output, "seed": exam.seed}, work)

    def _judged(
        self, name: str, recipe: Recipe, exam: Exam, conditions: Conditions, folder: Path, of: Of
    ) -> dict[str, Any]:
        """What a recipe comes to on test, by the scorer `of` its parts; every user's decisive figure is kept."""
        graph, test = exam.test.graph, exam.test.holdout
        with Measured(afresh=False) as fitting:
            parts = recipe.fit(graph, conditions)
        scorer = of(parts)
        conditions.say(f"ranking all items by {name}")
        protocol = self.section.protocol(self.section.repeats, exam.seed)
        with Measured(afresh=False) as ranking:
            evaluation = evaluate({name: scorer}, test, protocol)
        np.save(folder / _FIGURES, evaluation.figures[name]["warm"][protocol.decisive])
        row = evaluation.to_json()["scorers"][0]
        first = {metric: row["metrics"][metric] for metric in FIRST if metric in row["metrics"]}
        return {
            "metrics": first | row["metrics"],
            "groups": row["groups"],
            "fit_seconds": fitting.seconds,
            "users_per_second": len(test.query) / ranking.seconds,
        }

    def _beside(self, folder: Path, done: Mapping[str, Stage], seed: int) -> dict[str, Any]:
        """The fusion beside every scorer on test, over the same users; the best single one apart."""
        protocol = self.section.protocol(self.section.repeats, seed)
        best = max(done, key=lambda name: done[name].result["metrics"][protocol.decisive]["mean"])
        fused, *others = (np.load(place / _FIGURES) for place in (folder, *(one.checked() for one in done.values())))
        found = beside(fused, others, resamples=protocol.resamples, level=protocol.level, seed=seed)
        gains = {name: gain.to_json() for name, gain in zip(done, found, strict=True)}
        each = [{"name": name, **gain} for name, gain in gains.items()]
        return {"best_single": best, "fused_vs_best": gains[best], "fused_vs_each": each}

    def _conditions(self, scratch: Path) -> Conditions:
        return replace(self.conditions, scratch=scratch)


def _tried(name: str, seed: int, make: Callable[[], Stage]) -> Outcome:
    """What was made; or why it could not be, where that is no mistake in what was given."""
    try:
        return Outcome(name, seed, make())
    except KgError as error:
        if error.bad_input:
            raise
        return Outcome(name, seed, error=str(error))
    except MemoryError as error:
        return Outcome(name, seed, error=f"there is too little memory: {error}".rstrip(": "))
