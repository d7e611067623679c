"""What kinds of item stand in a list: how different they are, and whether in the user's own proportions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from recsys.metrics.lists import Lists

_MIXED = 0.01  # the share of the history in what it is compared with, so that nothing is divided by 0: Steck's α


def diversity(lists: Lists, k: int) -> NDArray[np.float64]:
    """1 − the mean over the pairs of a list of the cosine of their categories, float64 (B,).

    With one category an item: the share of pairs of different categories. Items without any do not count, a list of
    fewer than two has 0. Smyth & McClave, "Similarity vs. diversity", ICCBR 2001.
    """
    assert lists.categories is not None
    lengths = np.sqrt(np.diff(lists.categories.indptr))
    unit = _scaled(lists.categories, lengths)
    shown = lists.shown(k)
    together = (shown @ unit).power(2).sum(axis=1)  # ‖Σ f‖² = Σ‖f‖² + 2 Σ over pairs
    n = shown @ (lengths > 0).astype(np.float64)
    pairs = n * (n - 1)
    return np.where(pairs > 0, 1 - (together - n) / np.maximum(pairs, 1), 0.0)


def calibration(lists: Lists, k: int) -> NDArray[np.float64]:
    """KL(p ‖ 0.99 q + 0.01 p), p and q the shares of the categories in a user's history and list; float64 (B,) nats.

    0 is in proportion. An item's share is divided among its categories. A user whose history has none gets 0. Steck,
    "Calibrated recommendations", RecSys 2018.
    """
    assert lists.categories is not None
    assert lists.history is not None
    shares = _scaled(lists.categories, np.diff(lists.categories.indptr))
    wanted, given = (_spread(matrix @ shares) for matrix in ((lists.history > 0).astype(np.float64), lists.shown(k)))
    rows, columns = wanted.nonzero()
    p = wanted[rows, columns]
    q = (1 - _MIXED) * given[rows, columns] + _MIXED * p
    return np.bincount(rows, p * np.log(p / q), minlength=wanted.shape[0]).astype(np.float64)


def _scaled(categories: csr_array, lengths: NDArray[np.floating]) -> csr_array:
    """Ones for the categories of every item over its length."""
    counts = np.diff(categories.indptr)
    return csr_array((1 / np.repeat(lengths, counts), categories.indices, categories.indptr), categories.shape)


def _spread(counts: csr_array) -> csr_array:
    """Every row over its sum."""
    total = np.asarray(counts.sum(axis=1))
    data = counts.data / np.repeat(total, np.diff(counts.indptr))
    return csr_array((data, counts.indices, counts.indptr), counts.shape)
