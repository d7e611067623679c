from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Query
from recsys.holdout import holdout
from recsys.tuning import tune
from recsys.types import Holdout, Scores


@dataclass
class Knob:
    """Ranks a user's target by how near the knobs are to 3 and "b"; `other` makes no difference."""

    number: int = 1
    letter: str = "a"
    other: int = 0

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {"number": (1, 3, 9), "letter": ("a", "b"), "other": (0, 1)}

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        """Every user's target is the last item: the better the knobs, the higher it stands."""
        scores = np.tile(np.arange(len(query.items), 0, -1, dtype=np.float32), (len(query), 1))
        scores[:, -1] = 2.5 + 2 * (self.number == 3) + 2 * (self.letter == "b")
        return scores


@pytest.fixture(scope="module")
def validation() -> Holdout:
    """Eight users who each had one of the first items, and now take the last one."""
    items = [f"i{item}" for item in range(7)]
    log = [(f"u{user}", items[user % 3]) for user in range(8)] + [("somebody", item) for item in items]
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id"])))
    later = pd.DataFrame([(f"u{user}", items[-1]) for user in range(8)], columns=["user_id", "item_id"])
    return holdout(graph, kg.Tables.of(events=later).events)


class Fits:
    """Fits and remembers what was tried."""

    def __init__(self) -> None:
        self.tried: list[Knob] = []

    def __call__(self, scorer: Any) -> Any:
        self.tried.append(scorer)
        return scorer


def test_each_parameter_takes_its_best_value(validation: Holdout) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation) == Knob(3, "b", 0)
    assert len(fit.tried) == 1 + 2 + 1 + 1


def test_what_makes_no_difference_stays(validation: Holdout) -> None:
    assert tune(Knob(3, "b", 1), Fits(), validation) == Knob(3, "b", 1)


def test_what_is_fixed_is_not_tried(validation: Holdout) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation, fixed=["number"]) == Knob(1, "b", 0)
    assert all(knob.number == 1 for knob in fit.tried)


def test_without_time_the_defaults_stay(validation: Holdout) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation, seconds=0) == Knob()
    assert len(fit.tried) == 1


def test_a_scorer_without_a_grid_is_only_fitted(validation: Holdout) -> None:
    fit = Fits()
    knob = replace(Knob())
    knob.GRID = {}  # type: ignore[misc]
    assert tune(knob, fit, validation) is knob
    assert fit.tried == [knob]
