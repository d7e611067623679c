from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Query, Weighting
from recsys.demand import Demand
from recsys.grid import Span
from recsys.holdout import holdout
from recsys.linear import LinearScorer
from recsys.operators import Diagonal
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.tastes import Tastes
from recsys.tuning import Effort, tune
from recsys.types import Holdout, Scores
from recsys.windows import Window


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


def all_take(graph: kg.KnowledgeGraph, items: list[str]) -> Window:
    """Every user takes one of these items."""
    later = [(f"u{user}", items[user % len(items)]) for user in range(8)]
    events = pd.DataFrame(later, columns=["user_id", "item_id"])
    return Window(graph, holdout(graph, kg.Tables.of(events=events).events))


@pytest.fixture(scope="module")
def validation(graph: kg.KnowledgeGraph) -> Window:
    """They all take the last item."""
    return all_take(graph, ITEMS[-1:])


class Fits:
    """Fits and remembers what was tried."""

    def __init__(self) -> None:
        self.tried: list[Any] = []

    def __call__(self, scorer: Any, window: Window) -> Any:
        self.tried.append(scorer)
        return scorer.fit(window.graph)


def test_each_parameter_takes_its_best_value(validation: Window) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation) == Knob(3, "b", 0)
    assert len(fit.tried) == 1 + 2 + 1 + 1


def test_what_makes_no_difference_stays(validation: Window) -> None:
    assert tune(Knob(3, "b", 1), Fits(), validation) == Knob(3, "b", 1)


def test_what_is_fixed_is_not_tried(validation: Window) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation, fixed=["number"]) == Knob(1, "b", 0)
    assert all(knob.number == 1 for knob in fit.tried)


def test_what_may_not_be_spent_is_not_tried(validation: Window) -> None:
    fit = Fits()
    assert tune(Knob(), fit, validation, effort=Effort(scores=0)) == Knob()
    assert len(fit.tried) == 1
    assert tune(Knob(), fit, validation, effort=Effort(scores=2 * validation.scores)) == Knob(3)
    assert len(fit.tried) == 1 + 2


@dataclass
class Dial:
    """Ranks every user's target, the last item, the higher the nearer the dial is to 26."""

    number: int = 8

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {"number": Span((8, 4, 16), 1, 64, log=True)}

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        scores = np.tile(np.arange(len(query.items), 0, -1, dtype=np.float32), (len(query), 1))
        scores[:, -1] = len(query.items) + 0.5 - 2.5 * abs(np.log2(self.number / 26))
        return scores


def test_beyond_the_outermost_value_as_long_as_that_is_better(validation: Window) -> None:
    fit = Fits()
    assert tune(Dial(), fit, validation) == Dial(32)
    assert [dial.number for dial in fit.tried] == [8, 4, 16, 32, 64]
    assert tune(Dial(16), Fits(), validation) == Dial(16), "where none of them is taken, nothing lies beyond"


def test_later_rounds_go_by_shorter_steps(validation: Window) -> None:
    fit = Fits()
    assert tune(Dial(), fit, validation, effort=Effort(rounds=3)) == Dial(23)
    assert [dial.number for dial in fit.tried][5:] == [45, 23, 16, 27, 19]


def test_after_the_minutes_no_other_trial_begins(validation: Window) -> None:
    fit = Fits()
    assert tune(Dial(), fit, validation, effort=Effort(minutes=0)) == Dial()
    assert len(fit.tried) == 1


@pytest.mark.parametrize(
    ("span", "value", "steps", "expected"),
    [
        (Span((1, 2, 8), 1, 64, log=True), 8, 1, 16),
        (Span((1, 2, 8), 1, 64, log=True), 40, 1, 64),
        (Span((0.0, 5.0, 20.0), 0.0, 200.0), 20.0, -0.5, 17.5),
        (Span((), 0.0, 1.0), 0.5, 1, 0.625),
        (Span((None, 90), 10.0, 1000.0, log=True), 90, 8, 1000.0),
    ],
)
def test_a_step_is_the_shortest_way_between_two_values(span: Span, value: float, steps: float, expected: float) -> None:
    assert span.moved(value, steps) == expected


def test_a_scorer_without_a_grid_is_only_fitted(validation: Window) -> None:
    fit = Fits()
    knob = replace(Knob())
    knob.GRID = {}  # type: ignore[misc]
    assert tune(knob, fit, validation) is knob
    assert fit.tried == [knob]


def test_what_only_scales_the_items_is_tried_without_a_fit(graph: kg.KnowledgeGraph, validation: Window) -> None:
    fit = Fits()
    start = ItemKNN(demand=Demand(0, 0)).fit(graph)
    best = tune(start, fit, validation, refit=False)
    assert isinstance(best, ItemKNN)
    assert fit.tried == [start]
    assert best.demand != start.demand
    again = ItemKNN(demand=best.demand).fit(graph)
    np.testing.assert_array_equal(best.score(graph.query()), again.score(graph.query()))


def timeless() -> Window:
    log = pd.DataFrame([(f"u{user}", ITEMS[(user + step) % 6]) for user in range(8) for step in (0, 1)])
    return all_take(kg.build(kg.Tables.of(events=log.set_axis(["user_id", "item_id"], axis=1))), ITEMS[2:6])


def test_without_times_nothing_is_spent_on_parameters_of_time() -> None:
    fit, window = Fits(), timeless()
    tune(ItemKNN(), fit, window)
    tried = list(fit.tried)
    assert len(tried) > 1
    assert all(
        (scorer.demand, scorer.train_half_life, scorer.weighting) == (Demand(), 90, Weighting()) for scorer in tried
    )
    tune(ItemKNN(), fit, window, earlier=window)
    assert len(fit.tried) == 2 * len(tried), "all that needs no fit is of time, so the other window is not looked at"


def test_without_times_the_kinds_of_event_are_still_tried() -> None:
    fit = Fits()
    tune(Tastes(), fit, timeless())
    assert {tuple(scorer.weighting.kinds) for scorer in fit.tried} == {
        tuple(weighting.kinds) for weighting in Tastes.GRID["weighting"]
    }
    assert not any(scorer.weighting.half_life for scorer in fit.tried)


@dataclass
class Turned(LinearScorer):
    """The last items stand first when `turned` or `fitted_turned`, which needs a fit, else the first ones."""

    turned: bool = False
    fitted_turned: bool = False

    EMPHASIS: ClassVar[frozenset[str]] = frozenset({"turned"})
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {"fitted_turned": (False, True), "turned": (False, True)}

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        self.graph_ = graph
        self.operator_ = Diagonal(np.ones(graph.n_items, dtype=np.float32))
        self.emphasis_ = self.emphasis(graph)
        return self

    def emphasis(self, graph: kg.KnowledgeGraph) -> Any:
        order = np.arange(graph.n_items, 0, -1, dtype=np.float32)
        return order[::-1] if self.turned or self.fitted_turned else order

    def score(self, query: Query) -> Scores:
        return np.tile(self.emphasis_, (len(query), 1))


def test_what_one_window_likes_and_the_one_before_punishes_is_not_taken(
    graph: kg.KnowledgeGraph, validation: Window
) -> None:
    alone = tune(Turned(), Fits(), validation, fixed=["fitted_turned"])
    assert isinstance(alone, Turned)
    assert alone.turned
    other = all_take(graph, [ITEMS[1], ITEMS[2], ITEMS[0]])  # new to them, and the first that they do not have
    for windows in ((validation, other), (other, validation)):
        both = tune(Turned(), Fits(), windows[0], fixed=["fitted_turned"], earlier=windows[1])
        assert isinstance(both, Turned)
        assert not both.turned
    again = tune(Turned(), Fits(), validation, fixed=["fitted_turned"], earlier=validation)
    assert isinstance(again, Turned)
    assert again.turned


def test_what_needs_a_fit_is_judged_on_validation_alone(graph: kg.KnowledgeGraph, validation: Window) -> None:
    fit, other = Fits(), all_take(graph, [ITEMS[1], ITEMS[2], ITEMS[0]])
    best = tune(Turned(), fit, validation, earlier=other)
    assert isinstance(best, Turned)
    assert (best.turned, best.fitted_turned) == (False, True)
    assert len(fit.tried) == 1 + 1 + 1, "once for each window, then the value that needs a fit"


def test_the_window_before_leaves_what_is_fitted_alone(validation: Window) -> None:
    start, elsewhere = Turned(True, True), timeless()
    best = tune(start, Fits(), validation, fixed=["fitted_turned"], earlier=elsewhere)
    assert best is start
    assert start.graph_ is validation.graph
