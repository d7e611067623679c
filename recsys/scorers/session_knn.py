"""What came into visits like this one: the last basket or session, compared with those of everybody.

Garg et al., "Sequence and time aware neighborhood for session-based recommendations: STAN", SIGIR 2019, and Ludewig et
al., "Empirical analysis of session-based recommendation algorithms", UMUAI 2021 (VSTAN, which weighs items by how
telling they are). Of STAN's three decays the place in the visit and the age of the others are here; the distance
between two items of another visit is not: a basket has no order.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import DAY, TIMELESS, Query, Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT
from recsys.scorers.interactions import weightiest
from recsys.scorers.neighbourhood import Favour, Neighbourhood, Values
from recsys.scorers.visits import contents, purchases, visits
from recsys.types import Holdout


@dataclass(config=STRICT)
class SessionKNN(Neighbourhood):
    """`Neighbourhood` of all visits, asked with the last one: had[n, i] = 1 for the items bought in visit n.

    a_j halves with every `fading` later moments of the visit, favour(n) with every `age_half_life` days since visit n,
    and is 0 for a visit of the person herself that is not over before her last one begins. t_j = log(1 + visits / those
    with j)^telling. Bought is what has an event of the weightiest kind; a visit ends with `gap` hours without an event.
    """

    k: PositiveInt = 500
    shrinkage: NonNegativeFloat = 0.0
    gap: PositiveFloat = 1.0
    fading: PositiveFloat | None = 5.0
    age_half_life: PositiveFloat | None = 30
    telling: NonNegativeFloat = 1.0
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "session_knn"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "age_half_life": half_life(30, 7, None),
        "k": Span((500, 100, 1500), 20, 3000, log=True),
        "telling": Span((1.0, 0.0), 0.0, 3.0),
        "demand": DEMANDS,
        "fading": Span((None,), 0.5, 50.0, log=True),
        "gap": Span((), 0.25, 72.0, log=True),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state; beside that of `Neighbourhood` owners_ int64 (n,), whose visit it is, and ends_ int32 (n,)."""
        bought = weightiest(graph, self.weighting)
        owners, items, times = purchases(graph, bought)
        visit = visits(owners, times, self.gap)
        had = contents(visit, items, graph.n_items)
        n = had.shape[0]
        self.owners_ = np.zeros(n, dtype=np.int64)
        self.owners_[visit] = owners
        self.ends_ = np.full(n, np.iinfo(np.int32).min)
        np.maximum.at(self.ends_, visit, times)
        of_item = np.bincount(had.indices, minlength=graph.n_items)
        self._remember(graph, bought, had, (np.log1p(n / np.maximum(of_item, 1)) ** self.telling).astype(np.float32))
        return self

    def _asked(self, query: Query) -> Values:
        weights = query.event_weights(self.weighting)
        last, _ = self._last_visits(query, weights)
        if self.fading is None:
            return np.where(last, weights, np.float32(0))
        later = np.zeros(len(last))
        chosen = np.flatnonzero(last)
        newest_first = chosen[np.lexsort((-query.times[chosen].astype(np.int64), query.rows[chosen]))]
        rows, times = query.rows[newest_first], query.times[newest_first]
        moments = np.cumsum(np.concatenate([[False], (np.diff(rows) != 0) | (np.diff(times) != 0)])[: len(rows)])
        first = np.searchsorted(rows, rows)
        later[newest_first] = moments - moments[first]
        return np.where(last, weights * np.exp2(-later / self.fading), 0).astype(np.float32)

    def _last_visits(self, query: Query, weights: Values) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Which events are of their row's last visit, bool (E,), and when that begins, int64 (B,)."""
        on_items = (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        counted = np.flatnonzero(on_items & (weights > 0))
        rows, times = query.rows[counted], query.times[counted].astype(np.int64)
        visit = visits(rows, times, self.gap)
        newest = np.full(len(query), -1)
        np.maximum.at(newest, rows, visit)
        last = np.zeros(len(query.nodes), dtype=bool)
        last[counted] = visit == newest[rows]
        begins = np.full(len(query), np.iinfo(np.int64).max)
        np.minimum.at(begins, query.rows[last], query.times[last])
        return last, begins

    def _favour(self, query: Query) -> Favour:
        _, begins = self._last_visits(query, query.event_weights(self.weighting))

        def favour(rows: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
            ends = self.ends_[others].astype(np.int64)
            same = (query.users[rows] == self.owners_[others]) & (ends >= begins[rows])
            if self.age_half_life is None:
                return ~same
            days = np.where(ends == TIMELESS, 0, np.maximum(query.now[rows] - ends, 0)) / DAY
            return np.where(same, 0, np.exp2(-days / self.age_half_life))

        return favour
