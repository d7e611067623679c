"""How much of what was right is in the list, wherever it stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.metrics.lists import Lists


def recall(lists: Lists, k: int) -> NDArray[np.float64]:
    """|hits in the first k| / |targets|, float64 (B,)."""
    return lists.hits[:, :k].sum(axis=1) / lists.n_targets


def precision(lists: Lists, k: int) -> NDArray[np.float64]:
    """|hits in the first k| / k, float64 (B,); a list shorter than k is not forgiven."""
    return np.asarray(lists.hits[:, :k].sum(axis=1) / k, dtype=np.float64)


def hit_rate(lists: Lists, k: int) -> NDArray[np.float64]:
    """1 where any of the first k is a target, float64 (B,)."""
    return np.asarray(lists.hits[:, :k].any(axis=1), dtype=np.float64)
