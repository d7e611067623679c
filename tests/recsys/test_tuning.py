from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Query
from recsys.demand import Demand
from recsys.holdout import holdout
from recsys.scorers.item_knn import ItemKNN
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


ITEMS = [f"i{item}" for item in range(7)]


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    """Eight users who each had one of the first items in January; in March somebody had all, the last one again."""
    log = [(f"u{user}", ITEMS[user % 3], "2024-01-01") for user in range(8)]
    log += [("somebody", item, "2024-03-01") for item in (*ITEMS, ITEMS[-1])]
    events = pd.DataFrame(log, columns=["user_id", "item_id", "time"])
    return kg.build(kg.Tables.of(events=events.assign(time=pd.to_datetime(events["time"]).astype("datetime64[us]"))))


@pytest.fixture(scope="module")
def validation(graph: kg.KnowledgeGraph) -> Holdout:
    """They all take the last item."""
    later = pd.DataFrame([(f"u{user}", ITEMS[-1]) for user in range(8)], columns=["user_id", "item_id"])
    return holdout(graph, kg.Tables.of(events=later).events)


class Fits:
    """Fits and remembers what was tried."""

    def __init__(self) -> None:
        self.tried: list[Knob] = []

    def __call__(self, scorer: Any) -> Any:
        self.tried.append(scorer)
        return scorer


def test_each_parameter_takes_its_best_value(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    fit = Fits()
    assert tune(Knob(), fit, graph, validation) == Knob(3, "b", 0)
    assert len(fit.tried) == 1 + 2 + 1 + 1


def test_what_makes_no_difference_stays(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    assert tune(Knob(3, "b", 1), Fits(), graph, validation) == Knob(3, "b", 1)


def test_what_is_fixed_is_not_tried(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    fit = Fits()
    assert tune(Knob(), fit, graph, validation, fixed=["number"]) == Knob(1, "b", 0)
    assert all(knob.number == 1 for knob in fit.tried)


def test_what_may_not_be_spent_is_not_tried(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    fit = Fits()
    trial = len(validation.query) * graph.n_items
    assert tune(Knob(), fit, graph, validation, scores=0) == Knob()
    assert len(fit.tried) == 1
    assert tune(Knob(), fit, graph, validation, scores=2 * trial) == Knob(3)
    assert len(fit.tried) == 1 + 2


def test_a_scorer_without_a_grid_is_only_fitted(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    fit = Fits()
    knob = replace(Knob())
    knob.GRID = {}  # type: ignore[misc]
    assert tune(knob, fit, graph, validation) is knob
    assert fit.tried == [knob]


def test_what_only_scales_the_items_is_tried_without_a_fit(graph: kg.KnowledgeGraph, validation: Holdout) -> None:
    fit = Fits()
    start = ItemKNN(demand=Demand(0, 0)).fit(graph)
    best = tune(start, fit, graph, validation, refit=False)
    assert isinstance(best, ItemKNN)
    assert fit.tried == [start]
    assert best.demand != start.demand
    again = ItemKNN(demand=best.demand).fit(graph)
    np.testing.assert_array_equal(best.score(graph.query()), again.score(graph.query()))


def test_without_times_nothing_is_spent_on_parameters_of_time() -> None:
    log = pd.DataFrame([(f"u{user}", ITEMS[(user + step) % 6]) for user in range(8) for step in (0, 1)])
    timeless = kg.build(kg.Tables.of(events=log.set_axis(["user_id", "item_id"], axis=1)))
    targets = pd.DataFrame([(f"u{user}", ITEMS[(user + 2) % 6]) for user in range(8)], columns=["user_id", "item_id"])
    tried: list[ItemKNN] = []

    def fit(scorer: Any) -> Any:
        tried.append(scorer)
        return scorer.fit(timeless)

    tune(ItemKNN(), fit, timeless, holdout(timeless, kg.Tables.of(events=targets).events))
    assert len(tried) > 1
    assert {(scorer.demand, scorer.train_half_life) for scorer in tried} == {(Demand(), 90)}
