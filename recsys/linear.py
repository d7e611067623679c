"""Everything of the form  score = query weights @ operator; its explanation is that sum read out loud."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from kg.query import Query, Weighting
from recsys.operators import Operator, apply, column
from recsys.types import Contribution, Event, Explanation, Path, Scores

STRICT = ConfigDict(extra="forbid")
"""A scorer's fields are checked, and an unknown one is an error, from a file or from code."""


class LinearScorer:
    """A scorer that writes only its maths: `fit` sets `operator_` (n, n_items) and `opinion_` (n_items,).

    Its score of an item is Σ over the events of the query: weight of the event × operator[event's node, item]. The rows
    of the operator are the items, or with `reads_all_nodes` all nodes of the graph. Items of which the scorer knows
    nothing (`opinion_` False) get NaN.
    """

    reads_all_nodes: ClassVar[bool] = False
    name: str
    weighting: Weighting
    operator_: Operator
    opinion_: NDArray[np.bool_]

    @property
    def additive(self) -> bool:
        return True

    def score(self, query: Query) -> Scores:
        weights = query.weights(self.weighting) if self.reads_all_nodes else query.history(self.weighting)
        scores = apply(weights, self.operator_)
        scores[:, ~self.opinion_] = np.nan
        return scores

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        if not self.opinion_[item]:
            return Explanation.of(query, row, item, float("nan"), (), additive=self.additive)
        events, weights = weighed_events(query, row, self.weighting, only_items=not self.reads_all_nodes)
        parts = self.contributions(events, weights, query.items, item)
        score = float(sum(part.value for part in parts))
        return Explanation.of(query, row, item, score, parts, additive=self.additive)

    def contributions(
        self, events: list[Event], weights: NDArray[np.float64], items: range, item: int
    ) -> tuple[Contribution, ...]:
        """The summands of an item's score, one per event: learned links, until a scorer says better."""
        nodes = np.array([event.node for event in events], dtype=np.int64)
        values = weights * column(self.operator_, nodes if self.reads_all_nodes else nodes - items.start, item)
        return tuple(
            self.contribution(value, event, items.start + item)
            for value, event in zip(values.tolist(), events, strict=True)
            if value
        )

    def contribution(self, value: float, event: Event, item: int) -> Contribution:
        """How one summand is told; `item` in the one numbering."""
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


def weighed_events(
    query: Query, row: int, weighting: Weighting, *, only_items: bool = False
) -> tuple[list[Event], NDArray[np.float64]]:
    """A row's events that weigh anything, and what each weighs; `only_items` leaves out those on other nodes."""
    alone = query.take(np.array([row]))
    weights = alone.event_weights(weighting).astype(np.float64)
    on_items = (alone.nodes >= query.items.start) & (alone.nodes < query.items.stop)
    weighing = np.flatnonzero((weights != 0) & (on_items | (not only_items)))
    first = int(query.indptr[row])
    columns = (weighing + first, alone.nodes[weighing], alone.kinds[weighing], alone.times[weighing])
    events = [
        Event(position, node, query.kind_names[kind], time)
        for position, node, kind, time in zip(*(values.tolist() for values in columns), strict=True)
    ]
    return events, weights[weighing]
