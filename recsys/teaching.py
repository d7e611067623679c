"""Scorers and their fusions learned on the train graph and validation; figures on test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from kg.graph import KnowledgeGraph
from recsys.config import PROTOCOLS, Evaluation
from recsys.evaluation import evaluate
from recsys.fusion import Fusion
from recsys.learning import learn
from recsys.measuring import Measured
from recsys.protocol import Repeats
from recsys.recipe import Conditions, Recipe, by_gradient, seeded
from recsys.tuning import tune
from recsys.types import Holdout, Scorer


@dataclass
class Lesson:
    """What was learned, and at what cost: `scorers` is the contract's list, the fusion last."""

    recipe: Recipe
    scorers: list[dict[str, Any]] = field(default_factory=list)


def teach(
    graph: KnowledgeGraph,
    validation: Holdout,
    scorers: Mapping[str, Mapping[str, Any]],
    section: Evaluation,
    conditions: Conditions,
    seed: int = 0,
) -> Lesson:
    """Tune every scorer on `graph`, then learn one fusion per protocol of what they say about `validation`.

    What the config says of a scorer stays; one that is trained by gradient steps is not tuned: each trial would train.
    """
    parts: dict[str, Scorer] = {}
    costs: dict[str, Measured] = {}
    for name, given in scorers.items():
        with Measured(afresh=False) as costs[name]:
            scorer = seeded(name, given, seed)
            fit = partial(conditions.fit, graph=graph, validation=validation)
            tuned = not by_gradient(scorer)
            parts[name] = tune(scorer, fit, validation, section.k[0], given) if tuned else fit(scorer)
    fusions: dict[Repeats, Fusion] = {repeats: Fusion(parts) for repeats in PROTOCOLS}
    with Measured(afresh=False) as costs["fusion"]:
        for repeats, fusion in fusions.items():
            conditions.say(f"learning the fusion, repeats {repeats}d")
            learn(fusion, validation, section.protocol(repeats, seed))
    conditions.say("judging on validation")
    judged = {**parts, "fusion": fusions[section.repeats]}
    found = evaluate(judged, validation, section.protocol(section.repeats, seed))
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


def judge(
    recipe: Recipe, graph: KnowledgeGraph, test: Holdout, section: Evaluation, conditions: Conditions, seed: int = 0
) -> dict[Repeats, dict[str, Any]]:
    """The contract's evaluation per protocol, of everything refitted on `graph`."""
    parts = recipe.fit(graph, conditions)
    figures = {}
    for repeats, fusion in recipe.fusions(parts).items():
        conditions.say(f"ranking all items, repeats {repeats}d")
        figures[repeats] = evaluate({**parts, "fusion": fusion}, test, section.protocol(repeats, seed)).to_json()
    return figures
