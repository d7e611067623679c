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
    chosen = np.broadcast_to(np.arange(n), scores.shape)
    if k < n:
        threshold = np.partition(scores, n - k, axis=1)[:, n - k, None]
        kept = scores >= threshold
        counts = np.count_nonzero(kept, axis=1)
        tied = np.flatnonzero(counts > k)
        rows, places = np.nonzero(scores[tied] == threshold[tied])
        equal = np.bincount(rows, minlength=len(tied))
        spare = counts[tied] - k
        number = np.cumsum(equal)[rows] - np.arange(len(rows))  # 1 for a row's last equal one, 2 for the one before
        dropped = number <= spare[rows]
        kept[tied[rows[dropped]], places[dropped]] = False
        chosen = np.nonzero(kept)[1].reshape(-1, k)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


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
    chunks = np.sort(top(_known(maxima), k), axis=1)
    least = np.take_along_axis(maxima, chunks, axis=1).min(axis=1)
    items = (np.arange(0, n, m)[:, None] + chunks[:, None, :]).reshape(n_rows, -1)
    values = _known(np.take_along_axis(scores, np.minimum(items, n - 1), axis=1))
    values[items >= n] = -np.inf  # behind the end: after all that is equal, so never taken
    places = _top_of_narrow(values, k)
    found, best = np.take_along_axis(items, places, axis=1), np.take_along_axis(values, places, axis=1)
    elsewhere = np.count_nonzero(maxima >= least[:, None], axis=1) > k
    for row in np.flatnonzero(elsewhere & (best[:, -1] == least)):
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
    values[np.isnan(values)] = -np.inf
    return values
