"""The k highest values of every row: where rankings spend their time beside the scores themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 64  # values whose maximum is taken first: a row of few chunks is quicker partitioned whole


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
        for row in np.flatnonzero(counts > k):
            equal = np.flatnonzero(scores[row] == threshold[row])
            kept[row, equal[k - counts[row] :]] = False
        chosen = np.nonzero(kept)[1].reshape(-1, k)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _top_of_wide(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """`top` of rows of at least k chunks, in about one pass over memory; a NaN comes after everything.

    The k chunks of the highest maxima, of equal ones the first, hold the k highest values: each has one, and whatever
    is higher than the least of those maxima lies in them.
    """
    n_rows, n = scores.shape
    whole = n - n % _CHUNK
    maxima = np.fmax.reduce(scores[:, :whole].reshape(n_rows, -1, _CHUNK), axis=2)
    if whole < n:
        maxima = np.column_stack([maxima, np.fmax.reduce(scores[:, whole:], axis=1)])
    chunks = np.sort(top(_known(maxima), k), axis=1)
    items = (chunks[:, :, None] * _CHUNK + np.arange(_CHUNK)).reshape(n_rows, -1)
    values = _known(np.take_along_axis(scores, np.minimum(items, n - 1), axis=1))
    values[items >= n] = -np.inf  # behind the end: after all that is equal, so never taken
    return np.take_along_axis(items, _top_of_narrow(values, k), axis=1)


def _known(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The values, of one's own, −∞ in the place of NaN."""
    values[np.isnan(values)] = -np.inf
    return values
