"""Metrics of whole rankings, from the best item to the last."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.metrics.lists import Lists


def auc(lists: Lists, _k: int) -> NDArray[np.float64]:
    """The chance that a target stands above an item that is none, a tie counting half; float64 (B,).

    Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009.
    """
    assert lists.beaten is not None
    return lists.beaten


def beaten(scores: NDArray[np.float32], targets: csr_array[Any], barred: NDArray[np.bool_]) -> NDArray[np.float64]:
    """`Lists.beaten` of scores (B, n_items) without NaN, targets csr alike, and the items that are no candidates.

    A target that is barred counts as below everything; where there is nothing else to be above, it is beaten half.
    """
    found = np.zeros(len(scores))
    for row, values in enumerate(scores):
        wanted = targets.indices[targets.indptr[row] : targets.indptr[row + 1]]
        if not len(wanted):
            continue
        other = ~barred[row]
        other[wanted] = False
        others = np.sort(values[other])
        own = np.where(barred[row, wanted], -np.inf, values[wanted])
        below, not_above = (np.searchsorted(others, own, side) for side in ("left", "right"))
        share = (below + not_above) / (2 * len(others)) if len(others) else np.full(len(own), 0.5)
        found[row] = np.where(barred[row, wanted], 0.0, share).mean()
    return found
