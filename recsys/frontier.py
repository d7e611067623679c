"""Accuracy against path share: a fusion for each floor, learned on validation and asked of the test.

What is most accurate speaks in learned links. How much of it a shop gives for reasons that are paths of its graph is a
choice; these are the points to choose from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recsys.config import PROTOCOLS, Config
from recsys.evaluation import evaluate_all
from recsys.fusion import Fusion
from recsys.learning import learn_all
from recsys.path_share import path_share
from recsys.protocol import Repeats
from recsys.recipe import Conditions, Recipe
from recsys.teaching import LESSON, fitted_before
from recsys.windows import Window

FLOORS = (0.0, 0.25, 0.5, 0.75, 0.9)


def frontier(
    recipe: Recipe,
    validation: Window,
    earlier: Window | None,
    test: Window,
    config: Config,
    conditions: Conditions,
    floors: Sequence[float] = FLOORS,
) -> dict[Repeats, list[dict[str, Any]]]:
    """Per protocol a point for each floor of path share, in JSON; the scorers are fitted with the recipe's parameters.

    The weights are learned as `teach` learns them, of as many users and of the `earlier` window too.

    floor       asked for on validation
    path_share  on test: of places in the fusion's own lists
    metrics     on test, as `evaluate` says them; weights those of the parts that have any
    """
    parts = recipe.fit(validation.graph, conditions.within(0.0, 0.4))
    asked = [(repeats, floor) for repeats in PROTOCOLS for floor in floors]
    protocols = {repeats: config.evaluation.protocol(repeats, config.seed) for repeats in PROTOCOLS}
    learned = [(Fusion(parts), protocols[repeats], floor) for repeats, floor in asked]
    conditions.say("learning a fusion for every floor", 0.4)
    before = fitted_before(recipe, earlier, conditions)
    learn_all(learned, validation.thinned(LESSON).holdout, before)
    parts = recipe.fit(test.graph, conditions.within(0.5, 0.9))
    fusions: dict[Repeats, dict[str, Fusion]] = {repeats: {} for repeats in PROTOCOLS}
    for (repeats, floor), (lesson, _, _) in zip(asked, learned, strict=True):
        fusions[repeats][str(floor)] = fusion = Fusion(parts)
        fusion.learned = lesson.learned
    conditions.say("ranking all items", 0.9)
    judged = evaluate_all([(fusions[repeats], protocols[repeats]) for repeats in PROTOCOLS], test.holdout, ["warm"])
    found: dict[Repeats, list[dict[str, Any]]] = {}
    for (repeats, by_floor), figures in zip(fusions.items(), judged, strict=True):
        unseen = test.holdout.barred(repeats)
        rows = {row["name"]: row["metrics"] for row in figures.to_json()["scorers"]}
        found[repeats] = [
            {
                "floor": float(floor),
                "path_share": path_share(fusion, test.holdout.query, unseen),
                "metrics": rows[floor],
                "weights": {name: float(weight) for name, weight in zip(parts, fusion.weights_, strict=True) if weight},
            }
            for floor, fusion in by_floor.items()
        ]
    return found
