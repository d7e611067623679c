"""Everything of the form  score = query weights @ operator; its explanation is that sum read out loud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from kg.edges import runs
from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.deadline import NEVER, Deadline
from recsys.demand import Demand
from recsys.operators import Operator, apply, column
from recsys.summands import ContributionKind, Contributions, Events, Summands
from recsys.types import Contribution, Explanation, Path, Scores

STRICT = ConfigDict(extra="forbid")
"""A scorer's fields are checked, and an unknown one is an error, from a file or from code."""


@dataclass(frozen=True, eq=False)
class Weighed(Events):
    """One person's events that weigh anything: columns of a query, and `weights` float64 (m,).

    `kept` is what a scorer has looked up for this person and need not look up again for her next item; by the
    `deadline` she has to be told.
    """

    weights: NDArray[np.float64]
    deadline: Deadline = NEVER
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def weigh(
        cls, query: Query, row: int, weighting: Weighting, *, only_items: bool = False, deadline: Deadline = NEVER
    ) -> Weighed:
        """The events of a row; `only_items` leaves out those on other nodes."""
        alone = query.alone(row)
        weights = alone.event_weights(weighting).astype(np.float64)
        on_items = (alone.nodes >= query.items.start) & (alone.nodes < query.items.stop)
        kept = np.flatnonzero((weights != 0) & (on_items | (not only_items)))
        positions = kept + int(query.indptr[row])
        columns = (positions, alone.nodes[kept], alone.kinds[kept], alone.times[kept])
        return cls(*columns, query.kind_names, weights[kept], deadline)

    @cached_property
    def touched(self) -> NDArray[np.int64]:
        """The nodes that the events touch, sorted, each once: int64 (n,)."""
        return np.unique(self.nodes)

    @cached_property
    def _by_node(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """The events in order of their nodes; where those of each node begin, and how many they are."""
        order = np.argsort(self.nodes, kind="stable")
        first = np.searchsorted(self.nodes[order], self.touched)
        return order, first, np.diff(np.append(first, len(order)))

    def once(self, name: str, look_up: Callable[[], Any]) -> Any:
        """What `look_up` gives, looked up the first time."""
        if name not in self.kept:
            self.kept[name] = look_up()
        return self.kept[name]

    def summands(
        self,
        scorer: str,
        kind: ContributionKind,
        rows: NDArray[np.int64],
        worth: NDArray[np.float64],
        nodes: NDArray[np.int64] | None = None,
        relations: tuple[str, ...] = (),
        counts: NDArray[np.int64] | None = None,
    ) -> Summands:
        """Every event's weight times what a way from its node is worth.

        rows   int64 (w,): which of `touched` each way begins at; worth float64 (w,); the rest as in `Summands`
        """
        order, first, lengths = self._by_node
        ways = np.repeat(np.arange(len(rows)), lengths[rows])
        which = order[runs(first[rows], lengths[rows])]
        values = self.weights[which] * worth[ways]
        nodes = np.empty((len(rows), 0), np.int64) if nodes is None else nodes
        counts = np.ones(len(rows), np.int64) if counts is None else counts
        return Summands(scorer, kind, values, ways, which, self, nodes, relations, counts)


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
        return self.explainer(query, row)(item)

    def explainer(self, query: Query, row: int, deadline: Deadline = NEVER) -> Callable[[int], Explanation]:
        only_items = not self.reads_all_nodes
        events = Weighed.weigh(query, row, self.weighting, only_items=only_items, deadline=deadline)

        def explain(item: int) -> Explanation:
            if not self.opinion_[item]:
                return Explanation.of(query, row, item, float("nan"), (), additive=self.additive)
            emphasis = float(self.emphasis_[item])
            said = Contributions(self.contributions(events, query.items, item))
            parts = Contributions(block.scaled(emphasis) for block in said.blocks)
            told = (query, row, item, parts.total, parts)
            return Explanation.of(*told, additive=self.additive, cut_ms=deadline.cut_ms)

        return explain

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution | Summands]:
        """The summands of an item's score before the emphasis: one learned link per event, until a scorer says more."""
        rows, worth = self.linked(events, items, item)
        yield events.summands(self.name, "link", rows, worth)

    def linked(self, events: Weighed, items: range, item: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Which of the nodes touched the operator ties to an item, int64 (w,), and how closely, float64 (w,)."""
        rows = events.touched if self.reads_all_nodes else events.touched - items.start
        values = column(self.operator_, rows, item)
        told = np.flatnonzero(values)
        return told, values[told].astype(np.float64)

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        """What every item's score is multiplied by, float32 (n_items,)."""
        return self.demand.of_items(graph, self.weighting.kinds)

    def emphasised(self, graph: KnowledgeGraph, **parameters: Any) -> Self:
        """The same fitted scorer with other values of parameters in `EMPHASIS`."""
        other = replace(self, **parameters)  # type: ignore[type-var]  # scorers are dataclasses
        vars(other).update({name: value for name, value in vars(self).items() if name.endswith("_")})
        other.emphasis_ = other.emphasis(graph)
        return other


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
