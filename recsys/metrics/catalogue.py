"""What lists do for the catalogue, right or not: how much of it they show, and how much of what everybody has."""

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


def gini(lists: Lists, k: int) -> NDArray[np.float64]:
    """How unevenly the items are shown: 0 all alike, 1 − 1/n_items one of them alone; one number, shape ().

    Gini over all items, those that nobody is shown too:  Σ_i (2i − n − 1) x_i / (n Σ x),  x ascending. Fleder &
    Hosanagar, "Blockbuster culture's next rise or fall", Management Science 2009. 0 where nothing is shown.
    """
    items = lists.items[:, :k]
    times = np.sort(np.bincount(items[items >= 0], minlength=len(lists.popularity)))
    n, total = len(times), times.sum()
    places = 2 * np.arange(1, n + 1) - n - 1
    return np.asarray(places @ times / (n * total) if total else 0.0, dtype=np.float64)


def average_popularity(lists: Lists, k: int) -> NDArray[np.float64]:
    """The mean popularity of a list's items, as the share of users who had them (ARP), float64 (B,).

    Yin et al., "Challenging the long tail recommendation", PVLDB 2012. 0 for an empty list.
    """
    items = lists.items[:, :k]
    shown = items >= 0
    known = np.where(shown, lists.popularity[items] / max(lists.n_users, 1), 0.0)
    return known.sum(axis=1) / np.maximum(shown.sum(axis=1), 1)


def popularity_lift(lists: Lists, k: int) -> NDArray[np.float64]:
    """How much more popular the lists are than what their users had: the ratio of the means less 1, shape ().

    Abdollahpouri et al., "The connection between popularity bias, calibration, and fairness in recommendation", RecSys
    2020: (GAP of the lists − GAP of the histories) / GAP of the histories, over the users who had anything.
    """
    assert lists.history is not None
    lengths = np.diff(lists.history.indptr)
    had = lengths > 0
    before = (lists.history > 0) @ lists.popularity.astype(np.float64) / np.maximum(lengths, 1) / max(lists.n_users, 1)
    usual = before[had].mean() if had.any() else 0.0
    return np.asarray(average_popularity(lists, k)[had].mean() / usual - 1 if usual else 0.0, dtype=np.float64)
