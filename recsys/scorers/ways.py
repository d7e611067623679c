"""Every concrete walk between given nodes and an item: its two halves, and where they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.edges import gather, runs
from recsys.deadline import NEVER, Deadline
from recsys.summands import MANY

Nodes = NDArray[np.int64]
Values = NDArray[np.float64]


MOST = 200_000  # ways that are told one by one
Walked = tuple[Nodes, Values, Nodes]
"""All walks along some steps: nodes (w, steps + 1), products of the steps (w,), positions of their starts (w,)."""
Ways = tuple[Nodes, Nodes, Values, Nodes]
"""Per way the position of its start (w,), its nodes (w, steps + 1), its worth (w,), and its number of walks (w,)."""


def joined(up: Walked, down: Walked, most: int = MOST, deadline: Deadline = NEVER) -> Ways:
    """The walks that go up to a node and from there back down what leads up from an item.

    Returns per way the position of its start (w,), its nodes (w, steps + 1), each counted within its type, the product
    of its steps (w,), and how many walks are added up in it (w,): one. Of more than `most` ways, or more than there is
    time for, those of one start are added up, without ever being made: all nodes between are `MANY`.
    """
    (up_nodes, up_values, begun), (down_nodes, down_values, _) = up, down
    order = np.argsort(down_nodes[:, -1], kind="stable")
    meets = down_nodes[order, -1]
    low = np.searchsorted(meets, up_nodes[:, -1], "left")
    lengths = np.searchsorted(meets, up_nodes[:, -1], "right") - low
    n_ways = int(lengths.sum())
    if n_ways > most or not deadline.allows(n_ways):
        return _added_up(up, down, lengths)
    first = np.repeat(np.arange(len(up_nodes)), lengths)
    second = order[runs(low, lengths)]
    nodes = np.concatenate([up_nodes[first], down_nodes[second, -2::-1]], axis=1)
    return begun[first], nodes, up_values[first] * down_values[second], np.ones(len(first), np.int64)


def _added_up(up: Walked, down: Walked, lengths: Nodes) -> Ways:
    (up_nodes, up_values, begun), (down_nodes, down_values, _) = up, down
    met, place = np.unique(down_nodes[:, -1], return_inverse=True)
    below = np.append(np.bincount(place, down_values, minlength=len(met)), 0.0)
    meets = np.where(lengths > 0, np.searchsorted(met, up_nodes[:, -1]), len(met))
    counts = np.bincount(begun, lengths).astype(np.int64)
    values = np.bincount(begun, up_values * below[meets]).astype(np.float64)
    starts = np.flatnonzero(counts)
    nodes = np.full((len(starts), up_nodes.shape[1] + down_nodes.shape[1] - 1), MANY)
    nodes[:, 0], nodes[:, -1] = up_nodes[np.searchsorted(begun, starts), 0], down_nodes[0, 0]
    return starts, nodes, values[starts], counts[starts]


def half(steps: Sequence[csr_array], starts: Nodes) -> Walked:
    """All walks from `starts` (m,) along `steps`."""
    nodes = starts.astype(np.int64)[:, None]
    values = np.ones(len(starts))
    begun = np.arange(len(starts))
    for step in steps:
        walked, edges = gather(step.indptr, nodes[:, -1])
        nodes = np.concatenate([nodes[walked], step.indices[edges, None]], axis=1)
        values, begun = values[walked] * step.data[edges], begun[walked]
    return nodes, values, begun


@dataclass(frozen=True, eq=False)
class Entries:
    """Some rows of a matrix, kept to be met by what one item after the other has in its columns.

    values  csr float64 (s, width)
    """

    values: csr_array[np.float64]

    @classmethod
    def of(cls, matrix: csr_array, rows: Nodes) -> Entries:
        """These rows (s,) of a matrix."""
        chosen = matrix[rows]
        chosen.data = chosen.data.astype(np.float64)  # `chosen.astype` would copy the indices, too
        return cls(chosen)

    def __len__(self) -> int:
        return len(self.values.data)

    @cached_property
    def told(self) -> csr_array[np.int32]:
        """1 for each entry that is not 0."""
        ones = (self.values.data != 0).astype(np.int32)
        return csr_array((ones, self.values.indices, self.values.indptr), self.values.shape)

    def added_up(self, side: Values) -> tuple[Values, Nodes]:
        """What each row is worth times a `side` (width,), and how many of its entries are worth anything: (s,) each."""
        worth, counts = self.values @ side, self.told @ (side != 0).astype(np.int32)
        return np.asarray(worth), np.asarray(counts, dtype=np.int64)

    def one_by_one(self, side: Values, rows: range) -> tuple[Nodes, Nodes, Values]:
        """Of these rows the entries that are worth anything: row, counted from the first, column, worth."""
        starts = self.values.indptr[rows.start : rows.stop + 1]
        entries = slice(int(starts[0]), int(starts[-1]))
        columns = self.values.indices[entries]
        worth = self.values.data[entries] * side[columns]
        some = np.flatnonzero(worth)
        row = np.searchsorted(starts, some + starts[0], side="right") - 1
        return row, columns[some].astype(np.int64), worth[some]
