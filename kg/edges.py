"""The edges of one relation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.ids import Index
from kg.query import TIMELESS


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of one relation, sorted by source, then target, then time; one edge per event, parallel edges stay.

    indptr      int32 (n_source + 1,), int64 from 2³¹ edges on
    indices     int32 (n_edges,)   targets, counted within their type
    weight      float32 (n_edges,)
    time        int32 (n_edges,)   seconds from the graph's epoch, `TIMELESS` for facts
    provenance  uint16 (n_edges,)  code of where an edge comes from, into the graph's `provenances`
    """

    indptr: NDArray[Any]
    indices: NDArray[np.int32]
    weight: NDArray[np.float32]
    time: NDArray[np.int32]
    provenance: NDArray[np.uint16]

    sound: ClassVar[bool] = False
    """Whether it is known that they fit the nodes of their graph."""

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"Edges({len(self):,} from {len(self.indptr) - 1:,} nodes)"

    @property
    def sources(self) -> NDArray[np.int32]:
        """The source of every edge, int32 (n_edges,)."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def reverse(self) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
        """The same edges by target: (indptr, sources int32, position of each in the forward order int32).

        `indptr` ends after the last target that has an edge.
        """
        n_targets = int(self.indices.max()) + 1 if len(self) else 0
        shape = (len(self.indptr) - 1, n_targets)
        positions = np.arange(len(self), dtype=np.int32)
        by_target = csr_array((positions, self.indices, self.indptr), shape).tocsc()  # counts, does not compare: linear
        return by_target.indptr, by_target.indices, by_target.data

    def leaving(self, sources: Index, moments: Index) -> tuple[Index, Index]:
        """The edges that left some sources (−1: none) before a moment each: the row of each, and its position."""
        rows, positions = gather(self.indptr, sources)
        time = self.time[positions]
        before = (time == TIMELESS) | (time < moments[rows])
        return rows[before], positions[before]

    def pairs(self, width: int) -> Index:
        """The number source · width + target of every edge, ascending: int64 (n_edges,)."""
        return self.sources.astype(np.int64) * width + self.indices

    def without(self, pairs: Index, width: int) -> Edges:
        """Without the edges of some pairs, given as `pairs` tells them."""
        own = self.pairs(width)
        wanted = np.unique(pairs)
        starts, ends = (np.searchsorted(own, wanted, side) for side in ("left", "right"))
        depth = np.zeros(len(own) + 1, dtype=np.int64)
        np.add.at(depth, starts, 1)
        np.add.at(depth, ends, -1)
        kept = np.cumsum(depth[:-1]) == 0
        return self._of_sorted(self.sources[kept], len(self.indptr) - 1, *(column[kept] for column in self._columns))

    def renumbered(self, sources: Index, targets: Index, n_sources: int) -> Edges:
        """With other numbers that keep the order: `sources` and `targets` hold the new one of every old one."""
        _, *others = self._columns
        return self._of_sorted(sources[self.sources], n_sources, targets[self.indices], *others)

    def joined(self, other: Edges, width: int) -> Edges:
        """Together with edges of other pairs between the same nodes; neither is sorted again."""
        places = np.searchsorted(self.pairs(width), other.pairs(width))
        columns = [np.insert(mine, places, theirs) for mine, theirs in zip(self._columns, other._columns, strict=True)]
        return self._of_sorted(np.insert(self.sources, places, other.sources), len(self.indptr) - 1, *columns)

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.indices, self.weight, self.time, self.provenance

    @staticmethod
    def _of_sorted(sources: NDArray[Any], n_sources: int, targets: NDArray[Any], *others: NDArray[Any]) -> Edges:
        return Edges(_indptr(sources, n_sources), targets.astype(np.int32), *others)

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in (self.indptr, self.indices, self.weight, self.time, self.provenance))

    @classmethod
    def of(
        cls,
        sources: NDArray[Any],
        targets: NDArray[Any],
        n_sources: int,
        weight: NDArray[Any] | None = None,
        time: NDArray[Any] | None = None,
        provenance: NDArray[Any] | None = None,
    ) -> Edges:
        """Edges in any order; without `weight` all weigh 1, without `time` none has one."""
        n = len(sources)
        weight = np.ones(n, np.float32) if weight is None else np.asarray(weight, np.float32)
        time = np.full(n, TIMELESS) if time is None else np.asarray(time, np.int32)
        provenance = np.zeros(n, np.uint16) if provenance is None else np.asarray(provenance, np.uint16)
        order = _edge_order(sources, targets, time, weight, provenance)
        targets = np.asarray(targets, np.int32)
        return cls(_indptr(sources, n_sources), targets[order], weight[order], time[order], provenance[order])

    @classmethod
    def of_rows(cls, rows: Sequence[tuple[int, int, int, float, int]], n_sources: int) -> Edges:
        """Edges of (source, target, time, weight, provenance)."""
        sources, targets, time, weight, provenance = zip(*rows, strict=True) if rows else ((),) * 5
        heads, tails = (np.array(end, dtype=np.int64) for end in (sources, targets))
        return cls.of(heads, tails, n_sources, np.array(weight), np.array(time), np.array(provenance))


def gather(indptr: NDArray[Any], sources: Index) -> tuple[Index, Index]:
    """The edges of some sources (none for −1 or past the end of `indptr`): the row of each, and its position."""
    known = (sources >= 0) & (sources < len(indptr) - 1)
    first, last = np.zeros(len(sources), np.int64), np.zeros(len(sources), np.int64)
    first[known], last[known] = indptr[sources[known]], indptr[sources[known] + 1]
    lengths = last - first
    return np.repeat(np.arange(len(sources)), lengths), runs(first, lengths)


def runs(low: Index, lengths: Index) -> Index:
    """The numbers low[0], low[0] + 1, … (lengths[0] of them), then those from low[1], and so on."""
    return np.arange(int(lengths.sum())) + np.repeat(low - (np.cumsum(lengths) - lengths), lengths)


def _indptr(sources: NDArray[Any], n_sources: int) -> NDArray[Any]:
    n = len(sources)
    counts = np.bincount(sources, minlength=n_sources) if n else np.zeros(n_sources, np.int64)
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32 if n < 2**31 else np.int64)


def _edge_order(sources: NDArray[Any], targets: NDArray[Any], *others: NDArray[Any]) -> Index:
    """The order by source, target, then the other columns: pairs sorted first, then parallel edges among themselves."""
    width = int(targets.max()) + 1 if len(targets) else 1
    pair = sources.astype(np.int64) * width + targets
    order = np.argsort(pair)
    pair = pair[order]
    equal = pair[1:] == pair[:-1]
    parallel = np.zeros(len(pair), dtype=bool)
    parallel[1:] |= equal
    parallel[:-1] |= equal
    places = np.flatnonzero(parallel)
    edges = order[places]
    order[places] = edges[np.lexsort((*(column[edges] for column in reversed(others)), pair[places]))]
    return order
