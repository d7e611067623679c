"""The k nearest of everything to everything, in blocks: what all neighbourhood scorers are made of."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Index = NDArray[np.integer]
Values = NDArray[np.float32]
Alike = Callable[[Values, Index, Index], Values]
"""Dot products, their rows and their columns, (m,) each → how alike these are, float32 (m,); ≤ 0: not at all."""

_ABOVE_0 = np.finfo(np.float32).tiny
_BLOCK = 1024  # rows whose neighbours are sought at once: bounds the memory of the product


def nearest(rows: csr_array, columns: csr_array, k: int, alike: Alike) -> csr_array:
    """The k columns most alike to each row, of those that share anything: csr float32 (n_rows, n_columns).

    rows csr (n_rows, d); columns csr (d, n_columns): their products are what `alike` is given. The columns of a row
    stand in no order.
    """
    lengths, found, values = [np.zeros(1, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for start in range(0, rows.shape[0], _BLOCK):
        block = (rows[start : start + _BLOCK] @ columns).tocsr()
        place = np.repeat(np.arange(start, start + block.shape[0], dtype=np.int32), np.diff(block.indptr))
        similarity = alike(block.data, place, block.indices).astype(np.float32, copy=False)
        kept = np.flatnonzero(largest(similarity, block.indptr, k))
        lengths.append(np.diff(np.searchsorted(kept, block.indptr)))
        found.append(block.indices[kept])
        values.append(similarity[kept])
    indptr = np.cumsum(np.concatenate(lengths))
    return csr_array((np.concatenate(values), np.concatenate(found), indptr), (rows.shape[0], columns.shape[1]))


def largest(values: Values, indptr: Index, k: int) -> NDArray[np.bool_]:
    """Which values are among the k largest of their row and above 0, (m,); of equal ones the first."""
    lengths = np.diff(indptr)
    least = np.full(len(lengths), _ABOVE_0)  # the k-th largest of every row that has so many
    for row in np.flatnonzero(lengths > k).tolist():
        least[row] = max(np.partition(values[indptr[row] : indptr[row + 1]], -k)[-k], _ABOVE_0)
    bound = np.repeat(least, lengths)
    kept = values > bound
    tied = np.flatnonzero(values == bound)
    rows = np.searchsorted(indptr, tied, side="right") - 1
    before = np.arange(len(tied)) - np.searchsorted(tied, indptr[rows])  # of the same row
    higher = np.diff(np.searchsorted(np.flatnonzero(kept), indptr))
    kept[tied[before < k - higher[rows]]] = True
    return kept
