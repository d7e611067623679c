"""What people did one after the other, as a transformer reads it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kg.edges import runs
from kg.query import Query, Weighting

Index = NDArray[np.int64]
TARGETS = 16
"""What is asked about a stretch in one step of training."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Some events in a row of each of b people, oldest first.

    items    int64 (b, length), counted within the items; 0 where `there`, bool (b, length), is False: at the end
    moments  int64 (b, length), the number of the moment they happened at: equal at one moment
    """

    items: Index
    moments: Index
    there: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sequences:
    """The events on items of B people, by time; several of an item at one moment are one.

    indptr   int64 (B + 1,): row b owns events indptr[b] … indptr[b + 1]
    items    int64 (E,), counted within the items; times int64 (E,), seconds
    moments  int64 (E,), the number of an event's moment over all people, from 0
    """

    indptr: Index
    items: Index
    times: Index
    moments: Index

    @classmethod
    def of(cls, query: Query, weighting: Weighting) -> Self:
        """Of those events of a query that weigh anything."""
        counts = np.array([weighting.of_kind(kind) > 0 for kind in query.kind_names] or [False])
        on_items = (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        chosen = np.flatnonzero(on_items & counts[query.kinds] & (query.quantities > 0))
        told = np.stack([query.rows[chosen], query.times[chosen], query.nodes[chosen] - query.items.start])
        rows, times, items = np.unique(told.astype(np.int64), axis=1)
        begins = (np.diff(rows, prepend=-1) != 0) | (np.diff(times, prepend=-1) != 0)
        indptr = np.searchsorted(rows, np.arange(len(query) + 1))
        return cls(indptr.astype(np.int64), items, times, np.cumsum(begins) - 1)

    def last(self, rows: Index, length: int) -> Stretches:
        """The last `length` events of some rows."""
        stops = self.indptr[rows + 1]
        return self.between(np.maximum(stops - length, self.indptr[rows]), stops)

    def between(self, starts: Index, stops: Index) -> Stretches:
        """The events starts[b] … stops[b], as long as the longest."""
        there = np.arange((stops - starts).max(initial=1)) < (stops - starts)[:, None]
        events = runs(starts, stops - starts)
        items, moments = np.zeros(there.shape, np.int64), np.zeros(there.shape, np.int64)
        items[there], moments[there] = self.items[events], self.moments[events]
        return Stretches(items, moments, there)

    def cut(self, length: int) -> tuple[Index, Index]:
        """All events in stretches of `length`, counted from each person's last: where each starts and stops, (s,)."""
        counts = np.diff(self.indptr)
        pieces = -(-counts // length)
        rows = np.repeat(np.arange(len(counts)), pieces)
        later = runs(np.zeros(len(counts), np.int64), pieces)  # pieces of the same person after this one
        stops = self.indptr[rows + 1] - later * length
        return np.maximum(stops - length, self.indptr[rows]), stops
