"""The candidates of some users, best first, as one re-ranking step hands them to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.explanation.telling import Teller
from recsys.ranking import rank
from recsys.types import Scorer, Scores

Order = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Slate:
    """n candidates of each of B users.

    items   int64 (B, n), −1 pads
    scores  float32 (B, n), the scorer's own: no step changes them
    values  float64 (B, n), what the places are worth, falling: at first the scores, scaled so that a user's best
            candidate has 1 and her last 0; −∞ pads. A step that weighs adds to them, one that only orders leaves them
            with their places
    pins    the place, from 0, of every item that keeps it whatever later steps do
    """

    items: NDArray[np.int64]
    scores: Scores
    values: NDArray[np.float64]
    pins: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, scores: Scores, n: int) -> Self:
        """The n best of all items; `scores` float32 (B, n_items), −∞ for what may not be shown."""
        found = rank(scores, n)
        own = found.scores.astype(np.float64)
        pads = found.items < 0
        best = np.where(pads, -np.inf, own).max(axis=1, keepdims=True, initial=-np.inf)
        last = np.where(pads, np.inf, own).min(axis=1, keepdims=True, initial=np.inf)
        span = np.where(best > last, best - last, 1.0)
        return cls(found.items, found.scores, np.where(pads, -np.inf, 1 - (best - own) / span))

    @property
    def pads(self) -> NDArray[np.bool_]:
        return self.items < 0

    def of_items(self, values: NDArray[Any]) -> NDArray[Any]:
        """What the candidates have of an array over all items (n_items,): (B, n); of a pad something."""
        return values[self.items]

    def raised(self, amounts: NDArray[Any]) -> Self:
        """Sorted by value + amount, (B, n) each; equal ones stay in order."""
        values = np.where(self.pads, -np.inf, self.values + amounts)
        order = np.argsort(-values, axis=1, kind="stable")
        return self._taken(order, np.take_along_axis(values, order, axis=1))

    def reordered(self, order: Order) -> Self:
        """In another order, (B, n) places of now from first to last, the pads last; values stay with the places."""
        return self._taken(order, self.values)

    def without(self, gone: NDArray[np.bool_]) -> Self:
        """Some candidates, bool (B, n), taken out; the others move up and keep their values."""
        gone = gone | self.pads
        order = np.argsort(gone, axis=1, kind="stable")
        values = np.take_along_axis(np.where(gone, -np.inf, self.values), order, axis=1)
        scores = np.where(gone, np.float32(np.nan), self.scores)
        return replace(self, items=np.where(gone, -1, self.items), scores=scores)._taken(order, values)

    def pinned(self, places: Mapping[int, int], scores: Scores) -> Self:
        """With items at places for good; `scores` (B, n_items) are those of all items, −∞ for what may not be shown.

        An item that was no candidate becomes one; where it may not be shown it has no place.
        """
        slate = self
        for item in places:
            absent = ~(slate.items == item).any(axis=1) & (scores[:, item] > -np.inf)
            last = np.where(slate.pads, np.inf, slate.values).min(axis=1, initial=np.inf)
            values = np.where(absent, np.where(np.isinf(last), 0.0, last), -np.inf)
            slate = replace(
                slate,
                items=_wider(slate.items, np.where(absent, item, -1)),
                scores=_wider(slate.scores, np.where(absent, scores[:, item], np.nan)),
                values=_wider(slate.values, values),
            )
        return replace(slate, pins={**slate.pins, **places}).without(slate.pads)

    def _taken(self, order: Order, values: NDArray[np.float64]) -> Self:
        order = self._held(order)
        items = np.take_along_axis(self.items, order, axis=1)
        return replace(self, items=items, scores=np.take_along_axis(self.scores, order, axis=1), values=values)

    def _held(self, order: Order) -> Order:
        """The order with the pinned items at their places, the others in what is free, in turn."""
        if not self.pins:
            return order
        items = np.take_along_axis(self.items, order, axis=1)
        wanted = np.full(items.shape, -1)
        for item, place in self.pins.items():
            wanted[items == item] = place
        last = np.maximum(np.count_nonzero(items >= 0, axis=1, keepdims=True) - 1, 0)
        wanted = np.where(wanted < 0, -1, np.minimum(wanted, last))  # a short list has no such place
        pinned = wanted >= 0
        held = np.zeros(items.shape, dtype=bool)
        rows, columns = np.nonzero(pinned)
        held[rows, wanted[rows, columns]] = True
        free = np.argsort(held, axis=1, kind="stable")
        turn = np.maximum(np.cumsum(~pinned, axis=1) - 1, 0)
        key = np.where(pinned, wanted, np.take_along_axis(free, turn, axis=1))
        return np.take_along_axis(order, np.argsort(key, axis=1, kind="stable"), axis=1)


def _wider(known: NDArray[Any], column: NDArray[Any]) -> NDArray[Any]:
    """(B, n) with one more column (B,)."""
    return np.column_stack([known, column.astype(known.dtype)])


@dataclass(frozen=True, eq=False)
class Setting:
    """What a step may look at beside the slate.

    query   the slate's users, a row each
    scores  float32 (B, n_items) of all items, −∞ for what may not be shown
    k       the length of the lists that will be shown
    teller  tells explanations, without what is sensitive
    """

    graph: KnowledgeGraph
    query: Query
    scorer: Scorer
    scores: Scores
    k: int
    teller: Teller


class Reranker(Protocol):
    """A re-ranking step: a frozen dataclass whose fields are its keys in the config.

    `name` is what lists and explanations call it. `costly`: it looks so long at every user that its cost is measured
    on fewer of them.
    """

    @property
    def name(self) -> str: ...

    @property
    def costly(self) -> bool: ...

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        """The slate in another order, or with candidates taken out."""
        ...
