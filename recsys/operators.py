"""The operators a linear scorer can be: query weights (B, n) in, scores (B, n_items) out.

Three shapes: a dense matrix (n, n_items), or a sparse one with sorted indices; `Factors`, a product too large to
multiply out; `Diagonal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, issparse

from recsys.blocks import BLOCK_BYTES, cached

Weights = csr_array[np.float32]

_DENSE_FROM = 0.1
"""The share of entries from which a sparse factor of a product is cheaper as a dense one."""
_IN_ROWS = 0.25
"""What it costs to add up numbers of whole rows, where one that lies anywhere costs 1."""
_SPARSE = 4
"""And what one costs in a product that stays sparse: it is counted before it is added up, and spread out after that."""
_BYTES = 4


@dataclass(frozen=True, eq=False)
class Factors:
    """left @ core @ right.T, less what it gives an item for itself.

    left   (n, d), dense or csr
    right  (n_items, d), dense or csr: by item, so that one item's part is one row
    core   float32 (d, d), symmetric; None: the identity
    own    float32 (n_items,): the diagonal of the product, which is taken off; None: it stays. Needs n = n_items
    """

    left: Any
    right: Any
    core: NDArray[np.float32] | None = None
    own: NDArray[np.float32] | None = None

    def side(self, item: int) -> NDArray[np.float32]:
        """One item's row of `right`, dense (d,)."""
        return row(self.right, item) if _is_sparse(self.right) else np.asarray(self.right[item], dtype=np.float32)

    @cached_property
    def across(self) -> Any:
        """right.T, by row: what a product with it reads; sparse ones are turned once."""
        return self.right.T.tocsr() if _is_sparse(self.right) else self.right.T


@dataclass(frozen=True, eq=False)
class Diagonal:
    """Every item speaks for itself alone: `values` float32 (n_items,)."""

    values: NDArray[np.float32]


Operator = NDArray[np.float32] | csr_array[np.float32] | Factors | Diagonal


def apply(weights: Weights, operator: Operator) -> NDArray[np.float32]:
    """Weights @ operator, dense float32 (B, n_items)."""
    match operator:
        case Factors():
            return _apply_factors(weights, operator)
        case Diagonal(values):
            return dense(weights.multiply(values[None, :]))
        case np.ndarray():
            return dense(weights @ operator)
        case _:
            return dense(weights @ (dense(operator) if _crowded(weights, operator) else operator))


def row(matrix: csr_array[np.float32], place: int) -> NDArray[np.float32]:
    """One row of a matrix, dense (n,)."""
    entries = slice(*matrix.indptr[place : place + 2])
    values = np.zeros(matrix.shape[1], dtype=np.float32)
    values[matrix.indices[entries]] = matrix.data[entries]
    return values


def column(operator: Operator, rows: NDArray[np.int64], item: int) -> NDArray[np.float32]:
    """operator[rows, item], float32 (m,)."""
    match operator:
        case Factors(left, _, core, own):
            side = operator.side(item)
            if core is not None:
                used = np.flatnonzero(side)
                side = side[used] @ core[used]  # by rows, which lie together: it is symmetric
            values = dense(left[rows] @ side)
            return values if own is None else np.where(rows == item, np.float32(0), values)
        case Diagonal(values):
            return np.where(rows == item, values[item], np.float32(0))
        case np.ndarray():
            return operator[rows, item]
        case _:
            return _entries(operator, rows, item)


def _entries(matrix: csr_array[np.float32], rows: NDArray[np.int64], column: int) -> NDArray[np.float32]:
    """matrix[rows, column] by bisection in all rows at once; the indices of each row must be sorted."""
    values = np.zeros(len(rows), dtype=np.float32)
    low, end = matrix.indptr[rows], matrix.indptr[rows + 1]
    some = np.flatnonzero(low < end)
    at, n = low[some], (end - low)[some]
    while len(n) and n.max() > 1:  # the column stands at `at` or later, among `n` entries
        half = n // 2
        at += half * (matrix.indices[at + half] <= column)
        n -= half
    found = matrix.indices[at] == column
    values[some[found]] = matrix.data[at[found]]
    return values


def scaled(matrix: csr_array, rows: NDArray[Any] | None = None, columns: NDArray[Any] | None = None) -> csr_array:
    """diag(rows) @ matrix @ diag(columns), csr float32."""
    if rows is not None:
        matrix = diags_array(rows) @ matrix
    if columns is not None:
        matrix = matrix @ diags_array(columns)
    return matrix.tocsr().astype(np.float32)


def power(values: NDArray[Any], exponent: float) -> NDArray[np.float32]:
    """Values ** exponent where positive, else 0: degrees of nodes without an edge must not become infinite."""
    positive = values > 0
    return np.where(positive, np.where(positive, values, 1.0) ** exponent, 0.0).astype(np.float32)


def dense(matrix: Any) -> NDArray[np.float32]:
    """A float32 array, whatever it was."""
    return np.asarray(matrix.toarray() if _is_sparse(matrix) else matrix, dtype=np.float32)


def _is_sparse(matrix: Any) -> bool:
    return bool(issparse(matrix))


def _crowded(weights: Weights, operator: csr_array[np.float32]) -> bool:
    """Whether a sparse operator is better dense: there is room, and the product's entries would be many."""
    n, n_items = operator.shape
    if _BYTES * n * n_items > BLOCK_BYTES:
        return False
    apart = _SPARSE * int(np.diff(operator.indptr)[weights.indices].sum())
    return (n + weights.nnz) * n_items * _IN_ROWS < apart


def _apply_factors(weights: Weights, factors: Factors) -> NDArray[np.float32]:
    scores = (
        weights @ dense(factors.left @ factors.across) if _for_many(weights, factors) else _one_by_one(weights, factors)
    )
    if factors.own is not None:
        own = weights.tocoo()
        scores[own.row, own.col] -= own.data * factors.own[own.col]
    return scores


def _for_many(weights: Weights, factors: Factors) -> bool:
    """Whether the operator is multiplied out before so many ask: there is room, and by mean lengths it costs less."""
    left, right = factors.left, factors.right
    (n, d), n_items = left.shape, right.shape[0]
    if factors.core is not None or not (_is_sparse(left) and _is_sparse(right)) or not n * d:
        return False
    if _BYTES * n * n_items > BLOCK_BYTES:
        return False
    apart = min(weights.nnz * left.nnz / n / d, weights.shape[0]) * right.nnz
    together = left.nnz * right.nnz / d + (n + weights.nnz) * n_items * _IN_ROWS
    return together < apart


def _one_by_one(weights: Weights, factors: Factors) -> NDArray[np.float32]:
    inner = weights @ factors.left
    if factors.core is not None:
        inner = dense(inner) @ factors.core
    elif _is_sparse(inner) and inner.nnz > _DENSE_FROM * inner.shape[0] * inner.shape[1]:
        inner = inner.toarray()
    by_rows = _is_sparse(inner) or not _is_sparse(factors.right)
    return dense(inner @ factors.across) if by_rows else _by_items(inner, factors.right)


def _by_items(inner: NDArray[np.float32], right: csr_array[np.float32]) -> NDArray[np.float32]:
    """Inner @ right.T, its rows contiguous: those of scipy's product are not, and whatever reads them next is slow."""
    scores = np.empty((len(inner), right.shape[0]), dtype=np.float32)
    turned = np.ascontiguousarray(inner.T)
    for items in cached(right.shape[0], len(inner)):
        scores[:, items] = (_rows(right, items) @ turned).T
    return scores


def _rows(matrix: csr_array[np.float32], rows: slice) -> csr_array[np.float32]:
    """matrix[rows] without a copy, which for a single query would take longer than the product."""
    starts = matrix.indptr[rows.start : rows.stop + 1]
    entries = slice(int(starts[0]), int(starts[-1]))
    shape = (len(starts) - 1, matrix.shape[1])
    return csr_array((matrix.data[entries], matrix.indices[entries], starts - starts[0]), shape)
