"""The operators a linear scorer can be: query weights (B, n) in, scores (B, n_items) out.

Three shapes: a dense or sparse matrix (n, n_items); `Factors`, a product too large to multiply out; `Diagonal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Weights = csr_array[np.float32]


@dataclass(frozen=True, eq=False)
class Factors:
    """left (n, d) @ right (d, n_items); either may be sparse."""

    left: Any
    right: Any


@dataclass(frozen=True, eq=False)
class Diagonal:
    """Every item speaks for itself alone: `values` float32 (n_items,)."""

    values: NDArray[np.float32]


Operator = NDArray[np.float32] | csr_array[np.float32] | Factors | Diagonal


def apply(weights: Weights, operator: Operator) -> NDArray[np.float32]:
    """Weights @ operator, dense float32 (B, n_items)."""
    match operator:
        case Factors(left, right):
            return dense(weights @ left @ right)
        case Diagonal(values):
            return dense(weights.multiply(values[None, :]))
        case _:
            return dense(weights @ operator)


def column(operator: Operator, rows: NDArray[np.int64], item: int) -> NDArray[np.float32]:
    """operator[rows, item], float32 (m,)."""
    match operator:
        case Factors(left, right):
            return dense(left[rows] @ dense(right[:, [item]]))[:, 0]
        case Diagonal(values):
            return np.where(rows == item, values[item], np.float32(0))
        case np.ndarray():
            return operator[rows, item]
        case _:
            return dense(operator[rows][:, [item]])[:, 0]


def dense(matrix: Any) -> NDArray[np.float32]:
    """A float32 array, whatever it was."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float32)
