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

_BLOCK = 1024  # rows whose neighbours are sought at once: bounds the memory of the product


def nearest(rows: csr_array, columns: csr_array, k: int, alike: Alike) -> csr_array:
    """The k columns most alike to each row, of those that share anything: csr float32 (n_rows, n_columns).

    rows csr (n_rows, d); columns csr (d, n_columns): their products are what `alike` is given.
    """
    lengths, found, values = [np.zeros(1, np.int64)], [np.empty(0, np.int32)], [np.empty(0, np.float32)]
    for start in range(0, rows.shape[0], _BLOCK):
        block = (rows[start : start + _BLOCK] @ columns).tocsr()
        place = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        similarity = alike(block.data, place, block.indices).astype(np.float32)
        for first, last in zip(block.indptr[:-1], block.indptr[1:], strict=True):
            chosen = first + _largest(similarity[first:last], k)
            lengths.append(np.array([len(chosen)]))
            found.append(block.indices[chosen])
            values.append(similarity[chosen])
    indptr = np.cumsum(np.concatenate(lengths))
    kept = csr_array((np.concatenate(values), np.concatenate(found), indptr), (rows.shape[0], columns.shape[1]))
    kept.sort_indices()
    return kept


def _largest(values: Values, k: int) -> NDArray[np.int64]:
    """Positions of the k largest positive values."""
    chosen = np.argpartition(values, -k)[-k:] if len(values) > k else np.arange(len(values))
    return chosen[values[chosen] > 0]
