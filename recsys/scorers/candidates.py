"""Which items a target is told from in a step of training, where all would be too many."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


def candidates(
    rng: np.random.Generator, targets: Index, popularity: NDArray[np.float64], n: int
) -> tuple[Index, NDArray[np.float64]]:
    """Items, ascending, and each one's chance to be among them: all, or n drawn ones and the targets.

    targets int64 (b,), drawn by `popularity` float64 (n_items,), which sums to 1.
    """
    n_items = len(popularity)
    if n_items <= n:
        return np.arange(n_items), np.ones(n_items)
    chosen = np.union1d(rng.choice(n_items, n, replace=False), targets)
    not_a_target = (1 - popularity[chosen]) ** len(targets)
    return chosen, 1 - not_a_target * (1 - n / n_items)
