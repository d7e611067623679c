"""A user is a weighted set of graph nodes: the events of a few users, and what they weigh."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.errors import KgError
from kg.ids import Index

DAY = 86_400
TIMELESS = np.int32(np.iinfo(np.int32).max)
"""The time of a link that has no time (a user lives in a country): it never fades."""

EVENT_KINDS: Mapping[str, float] = {"view": 0.1, "cart": 0.3, "purchase": 1.0, "rating": 1.0, "return": 0.0}
"""What one event of a kind weighs unless tuned; other kinds weigh 1. A return weighs nothing by itself: it nets the
purchase it belongs to."""


@dataclass(frozen=True)
class Weighting:
    """What an event is worth: `kinds` by its kind, halved every `half_life` days (None: never).

    Linear in the events, so that a score made of such weights can be taken apart event by event.
    """

    kinds: Mapping[str, float] = field(default_factory=dict)
    half_life: float | None = None

    def of_kind(self, kind: str) -> float:
        return float(self.kinds.get(kind, EVENT_KINDS.get(kind, 1.0)))

    def decay(self, ages: NDArray[Any]) -> NDArray[np.float32]:
        """The share of its weight an event keeps after `ages` seconds, float32 of the same shape."""
        if self.half_life is None:
            return np.ones(len(ages), dtype=np.float32)
        return np.exp2(-np.maximum(ages, 0) / (self.half_life * DAY)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Query:
    """B users as timed events on nodes of one graph; warm, cold, session and guest users alike.

    users       int64 (B,)      index of the user's own node, −1 where the graph has none
    indptr      int64 (B + 1,)  row b owns events indptr[b] … indptr[b + 1]
    nodes       int64 (E,)      the node an event touches, in the graph's one numbering
    kinds       int16 (E,)      index into `kind_names`
    times       int32 (E,)      seconds since the graph's epoch, `TIMELESS` for links that never fade
    quantities  float32 (E,)    the event's own weight: 1 for most, the share kept of a returned purchase, a rating
    now         int64 (B,)      the moment of asking, seconds since the graph's epoch
    items       the range of item nodes in that numbering; n_nodes its length
    """

    users: NDArray[np.int64]
    indptr: NDArray[np.int64]
    nodes: NDArray[np.int64]
    kinds: NDArray[np.int16]
    times: NDArray[np.int32]
    quantities: NDArray[np.float32]
    now: NDArray[np.int64]
    kind_names: tuple[str, ...]
    items: range
    n_nodes: int

    def __post_init__(self) -> None:
        n_events = int(self.indptr[-1])
        if any(len(column) != n_events for column in (self.nodes, self.kinds, self.times, self.quantities)):
            raise KgError(
                "the columns of a query differ in length", fix="Give every event a node, kind, time, quantity."
            )
        if not len(self.users) == len(self.now) == len(self.indptr) - 1:
            raise KgError(
                "users, now and rows of a query differ in number", fix="Give every user a row and a moment of asking."
            )
        if n_events and not (self.nodes.min() >= 0 and self.nodes.max() < self.n_nodes):
            fix = f"Nodes are counted from 0 to {self.n_nodes - 1}."
            raise KgError("a query names a node outside the graph", value=int(self.nodes.max()), fix=fix)

    def __len__(self) -> int:
        return len(self.users)

    def __repr__(self) -> str:
        return f"Query({len(self):,} users, {len(self.nodes):,} events)"

    @property
    def rows(self) -> NDArray[np.int64]:
        """The row of every event, int64 (E,)."""
        return np.repeat(np.arange(len(self)), np.diff(self.indptr))

    def event_weights(self, weighting: Weighting) -> NDArray[np.float32]:
        """What every event weighs, float32 (E,)."""
        by_kind = np.array([weighting.of_kind(kind) for kind in self.kind_names] or [0.0], dtype=np.float32)
        weights: NDArray[np.float32] = by_kind[self.kinds] * self.quantities
        if weighting.half_life is None:
            return weights
        ages = np.where(self.times == TIMELESS, 0, self.now[self.rows] - self.times)
        return weights * weighting.decay(ages)

    def weights(self, weighting: Weighting) -> csr_array:
        """The query as weights on all nodes: csr float32 (B, n_nodes), events on one node summed."""
        return self._matrix(self.event_weights(weighting), self.nodes, self.n_nodes)

    def history(self, weighting: Weighting) -> csr_array:
        """The item columns of `weights`: csr float32 (B, n_items)."""
        return self.on_items(self.event_weights(weighting))

    def seen(self, kinds: tuple[str, ...]) -> csr_array:
        """Items that have an event of one of these kinds: csr float32 (B, n_items) of ones."""
        wanted = np.isin(self.kinds, [code for code, kind in enumerate(self.kind_names) if kind in kinds])
        matrix = self.on_items(wanted.astype(np.float32))
        matrix.eliminate_zeros()
        matrix.data[:] = 1
        return matrix

    def events_of(self, row: int) -> slice:
        """Where the events of one row lie."""
        return slice(int(self.indptr[row]), int(self.indptr[row + 1]))

    def take(self, rows: NDArray[np.int64] | slice) -> Query:
        """Some of the rows, in the order asked for."""
        chosen = np.arange(len(self))[rows]
        lengths = np.diff(self.indptr)[chosen]
        indptr = np.concatenate([[0], np.cumsum(lengths)])
        events = np.repeat(self.indptr[chosen] - indptr[:-1], lengths) + np.arange(indptr[-1])
        return self._with(events, indptr, users=self.users[chosen], now=self.now[chosen])

    def alone(self, row: int) -> Query:
        """One of the rows."""
        return self if len(self) == 1 else self.take(np.array([row]))

    def without(self, events: NDArray[np.integer[Any]]) -> Query:
        """The query as if these events (positions) had never been."""
        kept = np.ones(len(self.nodes), dtype=bool)
        kept[events] = False
        counts = np.bincount(self.rows[kept], minlength=len(self))
        return self._with(np.flatnonzero(kept), np.concatenate([[0], np.cumsum(counts)]))

    def _with(self, events: Index, indptr: Index, users: Index | None = None, now: Index | None = None) -> Query:
        return replace(
            self,
            users=self.users if users is None else users,
            now=self.now if now is None else now,
            indptr=indptr,
            nodes=self.nodes[events],
            kinds=self.kinds[events],
            times=self.times[events],
            quantities=self.quantities[events],
        )

    def on_items(self, values: NDArray[np.float32]) -> csr_array:
        """A number for every event, float32 (E,), as weights on the items: csr float32 (B, n_items)."""
        return self._matrix(values, self.nodes, self.n_nodes)[:, self.items.start : self.items.stop]

    def _matrix(self, values: NDArray[np.float32], columns: NDArray[np.int64], n_columns: int) -> csr_array:
        matrix = csr_array((values, columns.astype(np.int32), self.indptr.astype(np.int32)), (len(self), n_columns))
        matrix.sum_duplicates()
        return matrix
