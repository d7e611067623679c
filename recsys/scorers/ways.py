"""Every concrete walk between given nodes and an item: its two halves, and where they meet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.edges import gather, runs
from recsys.deadline import NEVER, Deadline
from recsys.summands import MANY

Nodes = NDArray[np.int64]
Values = NDArray[np.float64]


MOST = 200_000  # ways that are told one by one
_LOOK_UP = 8  # entries of a dense column that cost as much as one that is looked up
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
    """The m entries that some rows of a matrix have, row by row, in segments: those of a row in one group of columns.

    columns  int32 (m,), the column of each; values float32 (m,); width: of how many columns
    rows     int64 (s,): whose entries a segment holds; groups int64 (s,): the group of its columns
    starts   int64 (s + 1,): where each segment begins, and where the last one ends; none is empty
    """

    columns: NDArray[np.int32]
    values: NDArray[np.float32]
    width: int
    rows: Nodes
    groups: Nodes
    starts: Nodes

    @classmethod
    def of(cls, matrix: csr_array, rows: Nodes, groups: Nodes) -> Entries:
        """The columns of row after row ascend; those of group g are groups[g] … groups[g + 1] − 1."""
        width, lows = matrix.shape[1], matrix.indptr[rows].astype(np.int64)
        lengths = matrix.indptr[rows + 1] - lows
        places = runs(lows, lengths)
        columns, values = matrix.indices[places], matrix.data[places]
        if len(groups) == 2:
            row = np.flatnonzero(lengths)
            starts = np.append(np.cumsum(lengths) - lengths, len(columns))
            return cls(columns, values, width, row, np.zeros_like(row), np.append(starts[row], len(columns)))
        keys = columns + np.repeat(np.arange(len(rows)) * width, lengths)
        firsts = (np.arange(len(rows))[:, None] * width + groups[:-1]).ravel()
        starts = np.append(np.searchsorted(keys, firsts), len(keys))
        some = np.flatnonzero(np.diff(starts))
        row, group = np.divmod(some, len(groups) - 1)
        return cls(columns, values, width, row, group, np.append(starts[some], len(keys)))

    def meeting(self, columns: NDArray[np.int32], data: NDArray[np.float32]) -> NDArray[np.float32]:
        """Each of these times what an item has in its column, (m,); the item's `columns`, (n,) like `data`, ascend."""
        if not len(columns):
            return np.zeros(len(self.columns), dtype=np.float32)
        if len(self.columns) * _LOOK_UP > self.width:
            side = np.zeros(self.width, dtype=np.float32)
            side[columns] = data
            return self.values * side[self.columns]
        places = np.minimum(np.searchsorted(columns, self.columns), len(columns) - 1)
        return np.where(columns[places] == self.columns, self.values * data[places], np.float32(0))

    def added_up(self, met: NDArray[np.float32]) -> tuple[Values, Nodes]:
        """What the entries of every segment are worth together, and how many are worth anything: (s,) each."""
        if not len(self.rows):
            return np.zeros(0), np.zeros(0, np.int64)
        worth = np.add.reduceat(met, self.starts[:-1], dtype=np.float64)
        return worth, np.add.reduceat(met != 0, self.starts[:-1], dtype=np.int64)

    def one_by_one(self, met: NDArray[np.float32], segments: Nodes) -> tuple[Nodes, Nodes, Values]:
        """Of some segments the entries that are worth anything: row, column, worth."""
        lengths = self.starts[segments + 1] - self.starts[segments]
        places = runs(self.starts[segments], lengths)
        some = np.flatnonzero(met[places])
        rows, places = np.repeat(self.rows[segments], lengths)[some], places[some]
        return rows, self.columns[places].astype(np.int64), met[places].astype(np.float64)
