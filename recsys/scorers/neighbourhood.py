"""Scorers that remember what others had, customers or visits, and let those speak who are most like the person asking.

Not linear in the person's events: which others are nearest depends on all of them. Once these are found, a score is a
sum over them, so it is read out exactly, but deleting an event may call on others: `additive` is False.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph, Relation
from kg.query import Query, Weighting
from recsys.demand import Demand
from recsys.linear import Weighed
from recsys.operators import dense, scaled
from recsys.scorers.nearest import nearest
from recsys.types import MANY, Contribution, Explanation, Path, Scores

Values = NDArray[np.float32]
Favour = Callable[[NDArray[Any], NDArray[Any]], NDArray[Any]]
"""Rows of a query and others, (m,) each → a factor of each pair, (m,)."""


class Neighbourhood:
    """score(i) = demand(i) · Σ over the `k` others n most alike: alike(n) · had[n, i].

    alike(n) = favour(n) · Σ_j a_j t_j² had[n, j] / (‖a t‖ ‖had[n] t‖ + shrinkage), with a_j the query's weight on item
    j and t_j how telling item j is. `fit` calls `_remember`; a scorer says the query's weights and the favour.
    """

    k: int
    shrinkage: NonNegativeFloat
    demand: Demand
    weighting: Weighting
    name: str
    had_: csr_array[np.float32]
    telling_: Values
    sizes_: Values
    step_: str
    emphasis_: Values
    opinion_: NDArray[np.bool_]

    @property
    def additive(self) -> bool:
        return False

    def _remember(self, graph: KnowledgeGraph, bought: Relation | None, had: csr_array, telling: Values) -> None:
        """Set the state.

        had_      csr float32 (n, n_items): what each of the others had
        telling_  float32 (n_items,): t; sizes_ float32 (n,): ‖had t‖
        step_     the kind of event by which they had it
        """
        self.had_, self.telling_ = had, telling
        self.sizes_ = _sizes(had, telling)
        self.step_ = bought[1] if bought else ""
        self.emphasis_ = self.demand.of_items(graph, self.weighting.kinds)
        self.opinion_ = np.bincount(had.indices, minlength=graph.n_items) > 0

    def _asked(self, query: Query) -> Values:
        """What every event of the query weighs, float32 (E,)."""
        return query.event_weights(self.weighting)

    def _favour(self, query: Query) -> Favour:
        """The factor of pairs of a row of the query and another one; 0 where that is the person herself."""
        raise NotImplementedError

    def score(self, query: Query) -> Scores:
        scores = dense(self._nearest(query) @ self.had_)
        scores *= self.emphasis_
        scores[:, ~self.opinion_] = np.nan
        return scores

    def _nearest(self, query: Query) -> csr_array:
        """How alike the k nearest are: csr float32 (B, n)."""
        asked = query.on_items(self._asked(query))
        own = _sizes(asked, self.telling_)
        favour = self._favour(query)

        def alike(products: Any, rows: Any, others: Any) -> Any:
            size = own[rows] * self.sizes_[others] + np.float32(self.shrinkage)
            return products / np.maximum(size, np.finfo(np.float32).tiny) * favour(rows, others)

        return nearest(scaled(asked, columns=self.telling_**2), self.had_.T.tocsr(), self.k, alike)

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        """One path per event, through those of the nearest who had both."""
        if not self.opinion_[item]:
            return Explanation.of(query, row, item, float("nan"), (), additive=False)
        parts = tuple(self._contributions(query, row, item))
        score = float(sum(part.value for part in parts))
        return Explanation.of(query, row, item, score, parts, additive=False)

    def _contributions(self, query: Query, row: int, item: int) -> Iterator[Contribution]:
        alone = query.alone(row)
        near = self._nearest(alone)
        had = self.had_[near.indices].tocsc()
        events = Weighed.weigh(query, row, self.weighting, only_items=True)
        weights = self._asked(alone)[events.positions - query.indptr[row]].astype(np.float64)
        items = events.nodes - query.items.start
        shared = had[:, items].toarray() * (self.telling_[items].astype(np.float64) ** 2)
        said = near.data * had[:, [item]].toarray()[:, 0].astype(np.float64) * float(self.emphasis_[item])
        total = shared @ weights
        parts = weights * (np.divide(said, total, out=np.zeros_like(said), where=total > 0) @ shared)
        counts = ((shared > 0) & (said > 0)[:, None]).sum(axis=0)
        told = np.flatnonzero(parts)
        relations = (f"rev_{self.step_}", self.step_)
        for place, event in zip(told.tolist(), events.some(told), strict=True):
            path = Path((event.node, MANY, query.items.start + item), relations, int(counts[place]))
            yield Contribution(float(parts[place]), "path", self.name, event, path)


def _sizes(rows: csr_array, telling: Values) -> Values:
    """‖row · telling‖ of every row, float32 (n,)."""
    return np.sqrt(np.asarray(rows.power(2) @ telling**2, dtype=np.float32))
