"""Every concrete walk between given nodes and an item: the two halves are enumerated and joined where they meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.summands import MANY, runs

Nodes = NDArray[np.int64]
Values = NDArray[np.float64]


MOST = 200_000  # ways that are told one by one
Walked = tuple[Nodes, Values, Nodes]
"""All walks along some steps: nodes (w, steps + 1), products of the steps (w,), positions of their starts (w,)."""


def joined(up: Walked, down: Walked, most: int = MOST) -> tuple[Nodes, Nodes, Values, Nodes]:
    """The walks that go up to a node and from there back down what leads up from an item.

    Returns per way the position of its start (w,), its nodes (w, steps + 1), each counted within its type, the product
    of its steps (w,), and how many walks are added up in it (w,): one. Of more than `most` ways those of one start are
    added up, without ever being made: all nodes between are `MANY`.
    """
    (up_nodes, up_values, begun), (down_nodes, down_values, _) = up, down
    order = np.argsort(down_nodes[:, -1], kind="stable")
    meets = down_nodes[order, -1]
    low = np.searchsorted(meets, up_nodes[:, -1], "left")
    lengths = np.searchsorted(meets, up_nodes[:, -1], "right") - low
    if lengths.sum() > most:
        return _added_up(up, down, lengths)
    first = np.repeat(np.arange(len(up_nodes)), lengths)
    second = order[runs(low, lengths)]
    nodes = np.concatenate([up_nodes[first], down_nodes[second, -2::-1]], axis=1)
    return begun[first], nodes, up_values[first] * down_values[second], np.ones(len(first), np.int64)


def _added_up(up: Walked, down: Walked, lengths: Nodes) -> tuple[Nodes, Nodes, Values, Nodes]:
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
        low = step.indptr[nodes[:, -1]].astype(np.int64)
        lengths = step.indptr[nodes[:, -1] + 1] - low
        walked = np.repeat(np.arange(len(nodes)), lengths)
        edges = runs(low, lengths)
        nodes = np.concatenate([nodes[walked], step.indices[edges, None]], axis=1)
        values, begun = values[walked] * step.data[edges], begun[walked]
    return nodes, values, begun
