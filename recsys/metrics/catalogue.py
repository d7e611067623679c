"""What lists do for the catalogue, right or not."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.metrics.lists import Lists


def coverage(lists: Lists, k: int) -> NDArray[np.float64]:
    """The share of all items that stand in any list; one number, shape ()."""
    shown = np.unique(lists.items[:, :k])
    return np.asarray((shown >= 0).sum() / len(lists.popularity), dtype=np.float64)


def novelty(lists: Lists, k: int) -> NDArray[np.float64]:
    """Mean surprise in bits, −log₂(share of users who had the item), of a list; float64 (B,), 0 for an empty list.

    Zhou et al., "Solving the apparent diversity-accuracy dilemma of recommender systems", PNAS 2010. An item nobody had
    counts as if one user had.
    """
    items = lists.items[:, :k]
    surprise = -np.log2(np.maximum(lists.popularity, 1) / max(lists.n_users, 1))
    shown = items >= 0
    return np.where(shown, surprise[items], 0.0).sum(axis=1) / np.maximum(shown.sum(axis=1), 1)
