"""Scorers and their fusions learned on the train graph and validation; figures on test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.config import PROTOCOLS, Config, Evaluation
from recsys.errors import RecsysError
from recsys.evaluation import evaluate_all
from recsys.fusion import Fusion
from recsys.learning import Earlier, learn_all
from recsys.measuring import Measured
from recsys.path_share import path_share
from recsys.protocol import Repeats
from recsys.recipe import Conditions, Recipe, by_gradient, seeded
from recsys.reranking.cost import cost
from recsys.scorers import create
from recsys.tuning import TRAINING, Effort, tune
from recsys.types import Holdout, Scorer, Scores
from recsys.windows import Window

LESSON = 200_000_000  # scores, users × items, of each part that the fusions learn from


@dataclass
class Lesson:
    """What was learned, and at what cost: `scorers` is the contract's list, the fusion last."""

    recipe: Recipe
    scorers: list[dict[str, Any]] = field(default_factory=list)


def tuned(
    name: str,
    given: Mapping[str, Any],
    validation: Window,
    section: Evaluation,
    conditions: Conditions,
    seed: int = 0,
    earlier: Window | None = None,
    effort: Effort = TRAINING,
) -> Scorer:
    """A scorer fitted on the graph of `validation`, with what that and the `earlier` window say is best for it.

    What is given stays; of one that is trained by gradient steps only what needs no fit is tuned, and by `validation`
    alone: anything else would train again. It is tuned on at least `windows.FEWEST` users.
    """
    scorer = seeded(name, given, seed)
    trained = by_gradient(scorer)

    def fit(scorer: Scorer, window: Window) -> Scorer:
        return conditions.fit(scorer, window.graph, window.holdout)

    before = None if trained or earlier is None else earlier.thinned(effort.trial)
    window, k = validation.thinned(effort.trial), section.k[0]
    return tune(scorer, fit, window, k, given, refit=not trained, effort=effort, earlier=before)


def teach(
    validation: Window,
    scorers: Mapping[str, Mapping[str, Any]],
    section: Evaluation,
    conditions: Conditions,
    seed: int = 0,
    protocols: Sequence[Repeats] = PROTOCOLS,
    earlier: Window | None = None,
) -> Lesson:
    """Tune every scorer, by an `earlier` window too, then learn one fusion per protocol of what they say in both.

    That is to all users, or on a large catalogue of so many that each part has at most `LESSON` scores to give.
    """
    parts: dict[str, Scorer] = {}
    costs: dict[str, Measured] = {}
    n_steps = len(scorers) + 1
    for place, (name, given) in enumerate(scorers.items()):
        with Measured(afresh=False) as costs[name]:
            own = conditions.within(place / n_steps, (place + 1) / n_steps)
            parts[name] = tuned(name, given, validation, section, own, seed, earlier)
    fusions: dict[Repeats, Fusion] = {repeats: Fusion(parts) for repeats in protocols}
    with Measured(afresh=False) as costs["fusion"]:
        conditions.say("learning the fusions", len(scorers) / n_steps)
        lessons = [(fusion, section.protocol(repeats, seed), section.path_share) for repeats, fusion in fusions.items()]
        own = conditions.within(len(scorers) / n_steps, 1.0)
        before = fitted_before(Recipe.of(parts, {}), earlier, own)
        judged = learn_all(lessons, validation.thinned(LESSON).holdout, before)
        found = dict(zip(fusions, judged, strict=True))[section.repeats]
    rows = [
        {
            "name": name,
            "seconds": round(cost.seconds, 3),
            "peak_mb": round(cost.peak_mb),
            "validation": {metric: float(values.mean()) for metric, values in found.figures[name]["warm"].items()},
        }
        for name, cost in costs.items()
    ]
    return Lesson(Recipe.of(parts, fusions), rows)


def fitted_before(recipe: Recipe, earlier: Window | None, conditions: Conditions) -> Earlier | None:
    """The scorers fitted for the window before validation, and what is asked there; None where there is no such window.

    Of a large catalogue so many users are asked as a trial of tuning asks, fewer than of validation's. A scorer that is
    trained by gradient steps is silent there: anything else would train again. So is one for which there is too little
    memory beside what is fitted for validation; that is said.
    """
    if earlier is None:
        return None
    parts: dict[str, Scorer] = {}
    for name, given in recipe.scorers.items():
        scorer = create(name, **given)
        parts[name] = Silent()
        if not by_gradient(scorer):
            try:
                parts[name] = conditions.fit(scorer, earlier.graph)
            except RecsysError as error:
                if error.bad_input:
                    raise
                conditions.say(f"validation alone tells of {name}: {error}")
    return parts, earlier.thinned(TRAINING.trial).holdout


class Silent:
    """A scorer without an opinion of anything."""

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        return np.full((len(query), len(query.items)), np.nan, dtype=np.float32)


def judge(
    recipe: Recipe, graph: KnowledgeGraph, test: Holdout, config: Config, conditions: Conditions
) -> dict[Repeats, dict[str, Any]]:
    """The contract's evaluation per protocol, of everything refitted on `graph`; with what re-ranking costs."""
    parts = recipe.fit(graph, conditions)
    fusions = recipe.fusions(parts)
    conditions.say("ranking all items")
    protocols = {repeats: config.evaluation.protocol(repeats, config.seed) for repeats in fusions}
    questions = [({**parts, "fusion": fusion}, protocols[repeats]) for repeats, fusion in fusions.items()]
    found = zip(fusions, evaluate_all(questions, test), strict=True)
    documents = {repeats: judged.to_json() for repeats, judged in found}
    for repeats, fusion in fusions.items():
        conditions.say(f"asking how much is told in paths, repeats {repeats}d")
        unseen = test.barred(repeats)
        told = {"floor": config.evaluation.path_share, "fusion": path_share(fusion, test.query, unseen)}
        documents[repeats]["path_share"] = told
    if chain := config.chain():
        teller = config.explanations.teller(graph)
        for repeats, fusion in fusions.items():
            conditions.say(f"re-ranking, repeats {repeats}d")
            documents[repeats]["reranking"] = cost(chain, fusion, graph, test, protocols[repeats], teller)
    return documents
