"""Everything of the form  score = query weights @ operator; its explanation is that sum read out loud."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from kg.query import Query, Weighting
from recsys.operators import Operator, apply, column
from recsys.types import Contribution, Event, Explanation, Path, Scores

STRICT = ConfigDict(extra="forbid")
"""A scorer's fields are checked, and an unknown one is an error, from a file or from code."""


class LinearScorer:
    """A scorer that writes only its maths: `fit` sets `operator_` (n_items, n_items) and `opinion_` (n_items,).

    Its score of an item is Σ over the events of the history: weight of the event × operator[event's item, item].
    Items of which it knows nothing (`opinion_` False) get NaN.
    """

    name: str
    weighting: Weighting
    operator_: Operator
    opinion_: NDArray[np.bool_]

    @property
    def additive(self) -> bool:
        return True

    def score(self, query: Query) -> Scores:
        scores = apply(query.history(self.weighting), self.operator_)
        scores[:, ~self.opinion_] = np.nan
        return scores

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        if not self.opinion_[item]:
            return Explanation.of(query, row, item, float("nan"), (), additive=self.additive)
        positions = item_events(query, row)
        weights = query.event_weights(self.weighting)[positions].astype(np.float64)
        history = query.nodes[positions] - query.items.start
        values = weights * column(self.operator_, history, item)
        parts = tuple(
            self.contribution(float(value), event, query.items.start + item)
            for value, event in zip(values, events(query, positions), strict=True)
            if value
        )
        return Explanation.of(query, row, item, float(values.sum()), parts, additive=self.additive)

    def contribution(self, value: float, event: Event, item: int) -> Contribution:
        """How one summand is told: as a learned link, until a scorer says better."""
        return Contribution(value, "link", self.name, event)


class ConstantScorer:
    """A scorer with the same numbers for everybody: `fit` sets `values_` float32 (n_items,)."""

    name: str
    values_: NDArray[np.float32]

    @property
    def additive(self) -> bool:
        return True

    def score(self, query: Query) -> Scores:
        return np.repeat(self.values_[None, :], len(query), axis=0)

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        value = float(self.values_[item])
        part = Contribution(value, "constant", self.name, path=Path((query.items.start + item,)))
        return Explanation.of(query, row, item, value, (part,), additive=True)


def item_events(query: Query, row: int) -> NDArray[np.int64]:
    """Positions of a row's events that touch items."""
    positions = np.arange(len(query.nodes))[query.events_of(row)]
    nodes = query.nodes[positions]
    return positions[(nodes >= query.items.start) & (nodes < query.items.stop)]


def events(query: Query, positions: NDArray[np.int64]) -> Iterator[Event]:
    """The events at these positions."""
    for position in positions.tolist():
        kind = query.kind_names[query.kinds[position]]
        yield Event(position, int(query.nodes[position]), kind, int(query.times[position]))
