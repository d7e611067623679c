"""Everything of the form  score = query weights @ operator; its explanation is that sum read out loud."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.demand import Demand
from recsys.operators import Operator, apply, column
from recsys.types import Contribution, Event, Explanation, Path, Scores

STRICT = ConfigDict(extra="forbid")
"""A scorer's fields are checked, and an unknown one is an error, from a file or from code."""


@dataclass(frozen=True, eq=False)
class Weighed:
    """One person's events that weigh anything: columns of a query, and `weights` float64, all of length m."""

    positions: NDArray[np.int64]
    nodes: NDArray[np.int64]
    kinds: NDArray[np.int16]
    times: NDArray[np.int32]
    weights: NDArray[np.float64]
    kind_names: tuple[str, ...]

    @classmethod
    def of(cls, query: Query, row: int, weighting: Weighting, *, only_items: bool = False) -> Weighed:
        """The events of a row; `only_items` leaves out those on other nodes."""
        alone = query.take(np.array([row]))
        weights = alone.event_weights(weighting).astype(np.float64)
        on_items = (alone.nodes >= query.items.start) & (alone.nodes < query.items.stop)
        kept = np.flatnonzero((weights != 0) & (on_items | (not only_items)))
        positions = kept + int(query.indptr[row])
        return cls(positions, alone.nodes[kept], alone.kinds[kept], alone.times[kept], weights[kept], query.kind_names)

    def some(self, chosen: NDArray[np.int64]) -> list[Event]:
        """These of the events, in words."""
        columns = (self.positions[chosen], self.nodes[chosen], self.kinds[chosen], self.times[chosen])
        return [
            Event(position, node, self.kind_names[kind], time)
            for position, node, kind, time in zip(*(values.tolist() for values in columns), strict=True)
        ]


class LinearScorer:
    """A scorer that writes only its maths: `fit` sets `operator_` (n, n_items), `opinion_` and `emphasis_` (n_items,).

    Its score of an item is emphasis[item] · Σ over the events of the query: weight of the event × operator[event's
    node, item]. The rows of the operator are the items, or with `reads_all_nodes` all nodes of the graph. Items of
    which the scorer knows nothing (`opinion_` False) get NaN.
    """

    reads_all_nodes: ClassVar[bool] = False
    EMPHASIS: ClassVar[frozenset[str]] = frozenset({"demand", "weighting"})
    """The parameters that only `emphasis` reads, and how events fade (not their kinds): other values need no fit."""

    name: str
    weighting: Weighting
    demand: Demand
    operator_: Operator
    emphasis_: NDArray[np.float32]
    opinion_: NDArray[np.bool_]

    @property
    def additive(self) -> bool:
        return True

    def score(self, query: Query) -> Scores:
        weights = query.weights(self.weighting) if self.reads_all_nodes else query.history(self.weighting)
        scores = apply(weights, self.operator_)
        scores *= self.emphasis_
        scores[:, ~self.opinion_] = np.nan
        return scores

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        if not self.opinion_[item]:
            return Explanation.of(query, row, item, float("nan"), (), additive=self.additive)
        events = Weighed.of(query, row, self.weighting, only_items=not self.reads_all_nodes)
        emphasis = float(self.emphasis_[item])
        told = self.contributions(events, query.items, item)
        parts = tuple(replace(part, value=part.value * emphasis) for part in told)
        score = float(sum(part.value for part in parts))
        return Explanation.of(query, row, item, score, parts, additive=self.additive)

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution]:
        """The summands of an item's score before the emphasis: one learned link per event, until a scorer says more."""
        nodes, place = np.unique(events.nodes, return_inverse=True)
        rows = nodes if self.reads_all_nodes else nodes - items.start
        values = events.weights * column(self.operator_, rows, item)[place]
        told = np.flatnonzero(values)
        for value, event in zip(values[told].tolist(), events.some(told), strict=True):
            yield self.contribution(value, event, items.start + item)

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        """What every item's score is multiplied by, float32 (n_items,)."""
        return self.demand.of_items(graph, self.weighting.kinds)

    def emphasised(self, graph: KnowledgeGraph, **parameters: Any) -> Self:
        """The same fitted scorer with other values of parameters in `EMPHASIS`."""
        other = replace(self, **parameters)  # type: ignore[type-var]  # scorers are dataclasses
        vars(other).update({name: value for name, value in vars(self).items() if name.endswith("_")})
        other.emphasis_ = other.emphasis(graph)
        return other

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
