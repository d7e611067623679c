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
    n = scores.shape[1]
    if is_wide(scores, k):
        return _top_of_wide(scores, k)
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

    The k-th highest of the chunks' maxima is a bound: at least k values reach it, and only the few chunks whose maximum
    does are looked at again.
    """
    n_rows, n = scores.shape
    whole = n - n % _CHUNK
    maxima = np.fmax.reduce(scores[:, :whole].reshape(n_rows, -1, _CHUNK), axis=2)
    if whole < n:
        maxima = np.column_stack([maxima, np.fmax.reduce(scores[:, whole:], axis=1)])
    maxima[np.isnan(maxima)] = -np.inf
    place = maxima.shape[1] - k
    bounds = np.partition(maxima, place, axis=1)[:, place]
    best = np.empty((n_rows, k), dtype=np.int64)
    within = np.arange(_CHUNK)
    for row, (values, bound) in enumerate(zip(scores, bounds, strict=True)):
        if bound == -np.inf:  # fewer than k chunks with any opinion
            best[row] = np.argsort(-np.where(np.isnan(values), -np.inf, values), kind="stable")[:k]
            continue
        chunks = np.flatnonzero(maxima[row] >= bound)
        items = (chunks[:, None] * _CHUNK + within).ravel()
        items = items[: np.searchsorted(items, n)]
        found = values[items]
        chosen = np.flatnonzero(found > bound)
        if (missing := k - len(chosen)) > 0:
            chosen = np.sort(np.concatenate([chosen, np.flatnonzero(found == bound)[:missing]]))
        best[row] = items[chosen[np.argsort(-found[chosen], kind="stable")[:k]]]
    return best
