"""Every concrete walk between given nodes and an item: the two halves are enumerated and joined where they meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Nodes = NDArray[np.int64]
Values = NDArray[np.float64]


def ways(ups: Sequence[csr_array], downs: Sequence[csr_array], starts: Nodes, item: int) -> tuple[Nodes, Nodes, Values]:
    """The walks from `starts` (m,) up the steps `ups` to a node that the steps `downs` reach from `item`.

    Returns per walk the position of its start in `starts` (w,), its nodes (w, len(ups) + len(downs) + 1), each counted
    within its type, and the product of its steps (w,).
    """
    up, up_values, begun = half(ups, starts)
    down, down_values, _ = half(downs, np.array([item]))
    order = np.argsort(down[:, -1], kind="stable")
    meets = down[order, -1]
    low = np.searchsorted(meets, up[:, -1], "left")
    lengths = np.searchsorted(meets, up[:, -1], "right") - low
    first = np.repeat(np.arange(len(up)), lengths)
    second = order[_runs(low, lengths)]
    nodes = np.concatenate([up[first], down[second, -2::-1]], axis=1)
    return begun[first], nodes, up_values[first] * down_values[second]


def half(steps: Sequence[csr_array], starts: Nodes) -> tuple[Nodes, Values, Nodes]:
    """All walks from `starts` along `steps`: nodes (w, len(steps) + 1), values (w,), positions of their starts (w,)."""
    nodes = starts.astype(np.int64)[:, None]
    values = np.ones(len(starts))
    begun = np.arange(len(starts))
    for step in steps:
        low = step.indptr[nodes[:, -1]].astype(np.int64)
        lengths = step.indptr[nodes[:, -1] + 1] - low
        walked = np.repeat(np.arange(len(nodes)), lengths)
        edges = _runs(low, lengths)
        nodes = np.concatenate([nodes[walked], step.indices[edges, None]], axis=1)
        values, begun = values[walked] * step.data[edges], begun[walked]
    return nodes, values, begun


def _runs(low: Nodes, lengths: Nodes) -> Nodes:
    """The numbers low[0], low[0] + 1, … (lengths[0] of them), then those from low[1], and so on."""
    return np.arange(int(lengths.sum())) + np.repeat(low - (np.cumsum(lengths) - lengths), lengths)
