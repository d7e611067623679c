"""The k highest values of every row: where rankings spend their time beside the scores themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 16  # values at most whose maximum is taken first: a row of few chunks is quicker partitioned whole


def is_wide(scores: NDArray[np.floating[Any]], k: int) -> bool:
    """Whether rows have so many chunks that their maxima alone say where the k highest are; a NaN may then be there."""
    return scores.shape[1] >= _CHUNK * k > 0


def top(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """Places of the k highest values of every row (all, where there are fewer), best first, ties to the lower index.

    `scores` (B, n) without NaN; int64 (B, min(k, n)).
    """
    return _top_of_wide(scores, k) if is_wide(scores, k) else _top_of_narrow(scores, k)


def _top_of_narrow(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    n = scores.shape[1]
    chosen = _highest(scores, k)[0] if k < n else np.broadcast_to(np.arange(n), scores.shape)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _highest(
    scores: NDArray[np.floating[Any]], k: int
) -> tuple[NDArray[np.int64], NDArray[np.floating[Any]], NDArray[np.int64]]:
    """Places of the k ≤ n highest values of every row, ascending, of equal ones the first: int64 (B, k).

    And the least of them, (B,), and the rows in which more than k values are as high as that, int64 (t,).
    """
    n_rows, n = scores.shape
    least = np.partition(scores, n - k, axis=1)[:, n - k].copy()
    kept = scores >= least[:, None]
    tied = np.empty(0, dtype=np.int64)
    if np.count_nonzero(kept) > n_rows * k:
        counts = np.count_nonzero(kept, axis=1)
        tied = np.flatnonzero(counts > k)
        rows, places = np.nonzero(scores[tied] == least[tied, None])
        equal = np.bincount(rows, minlength=len(tied))
        number = np.cumsum(equal)[rows] - np.arange(len(rows))  # 1 for a row's last equal one, 2 for the one before
        dropped = number <= (counts[tied] - k)[rows]
        kept[tied[rows[dropped]], places[dropped]] = False
    return np.flatnonzero(kept).reshape(-1, k) - n * np.arange(n_rows)[:, None], least, tied


def _top_of_wide(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """`top` of rows of at least k chunks, in about one pass over memory; a NaN comes after everything.

    The values are dealt out to m chunks in turn, so that maxima of all chunks are taken of m neighbours at once. The k
    chunks of the highest maxima hold the k highest values: each has one, and whatever is higher than the least of those
    maxima lies in them. What equals that least one may lie elsewhere, too: such rows are looked through.
    """
    n_rows, n = scores.shape
    m = -(-n // _CHUNK)
    whole = n - n % m
    maxima = np.fmax.reduce(scores[:, :whole].reshape(n_rows, whole // m, m), axis=1)
    maxima[:, : n - whole] = np.fmax(maxima[:, : n - whole], scores[:, whole:])
    chunks, least, tied = _highest(_known(maxima), k)
    items = (np.arange(0, n, m)[:, None] + chunks[:, None, :]).reshape(n_rows, -1)
    values = _known(scores.reshape(-1).take(items + n * np.arange(n_rows)[:, None], mode="clip"))
    values[items >= n] = -np.inf  # behind the end: after all that is equal, so never taken
    places = _top_of_narrow(values, k)
    found, best = np.take_along_axis(items, places, axis=1), np.take_along_axis(values, places, axis=1)
    for row in tied[best[tied, -1] == least[tied]]:
        lowest = best[row] == least[row]
        found[row, lowest] = _first(scores[row], least[row], int(lowest.sum()))
    return found


def _first(values: NDArray[np.floating[Any]], value: np.floating[Any], n: int) -> NDArray[np.int64]:
    """The first n places (n,) that hold a value; −∞ is NaN, too. What is there often is soon found."""
    width = _CHUNK * n
    while True:
        part = values[:width]
        places = np.flatnonzero(part == value if value > -np.inf else ~(part > -np.inf))
        if len(places) >= n or width >= len(values):
            return places[:n]
        width *= _CHUNK


def _known(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The values, of one's own, −∞ in the place of NaN."""
    return np.fmax(values, -np.inf, out=values)
