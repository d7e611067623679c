"""EASE with degrees normalised before and after: the linear item-to-item model in closed form.

Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019, equations 8 and 9. With the normalisations it is
the strongest single scorer on most shops' logs.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass
from scipy.linalg import LinAlgError
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.memory import available
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.errors import RecsysError
from recsys.grid import FADING, Span, half_life
from recsys.linear import STRICT
from recsys.operators import Factors, power, scaled
from recsys.scorers.interactions import ItemToItem
from recsys.scorers.inverse import invert, memory
from recsys.scorers.memory import require
from recsys.types import Holdout

_BLOCK = 512  # rows of a square matrix worked on at once: bounds what is needed beside the one large buffer
_WIDE = 2  # items for each user: of more, the matrix of items is much larger than that of users
_BYTES = 4


@dataclass(config=STRICT)
class EASE(ItemToItem):
    """operator = Di^−item_power · B, each item's score times Di^output_power · demand.

    B solves  min ‖Xn − Xn B‖² + l2 ‖B‖²  with  diag(B) = 0,  Xn = Du^−user_power X Di^−item_power.

    X holds each pair's latest event, halved every `train_half_life` days; Du and Di are its sums by user and by item.
    B comes from the inverse of the smaller of items × items and users × users, see `solved`.
    Raises RecsysError where the memory is too small.
    """

    l2: PositiveFloat = 3.0
    user_power: float = 0.3
    item_power: float = 0.3
    output_power: float = 0.0
    train_half_life: PositiveFloat | None = 90
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "ease"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(90, 180, None),
        "l2": Span((1.0, 3.0, 10.0), 0.1, 1000.0, log=True),
        "output_power": Span((0.0, 0.3), -0.2, 0.8),
        "demand": DEMANDS,
        "user_power": Span((), 0.0, 1.0),
        "item_power": Span((), 0.0, 1.0),
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = self._interactions(graph)
        before = power(self.degrees_, -self.item_power)
        self.operator_ = solved(scaled(X, power(X.sum(axis=1), -self.user_power), before), self.l2, before)
        return self


def solved(X: csr_array, l2: float, before: NDArray[np.float32]) -> NDArray[np.float32] | Factors:
    """diag(before) · B in the form that costs least: by the smaller inverse, `dual` multiplied out where that fits.

    The product is then a few rows of a matrix for each query, instead of a square of users.
    """
    n_rows, n_items = X.shape
    if n_items <= n_rows:
        return primal(X, l2, before)
    factors = dual(X, l2, before)
    needed = n_items * n_items * _BYTES + 2 * _BLOCK * (n_rows + n_items) * _BYTES
    return multiplied(factors) if n_items <= _WIDE * n_rows and needed < available() else factors


def multiplied(factors: Factors) -> NDArray[np.float32]:
    """The operator of `dual` as one matrix, float32 (n_items, n_items)."""
    n = factors.right.shape[0]
    product = np.empty((n, n), dtype=np.float32)
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        product[rows] = (factors.left[rows] @ factors.core) @ factors.across
    np.fill_diagonal(product, 0)
    return product


def primal(X: csr_array, l2: float, before: NDArray[np.float32]) -> NDArray[np.float32]:
    """diag(before) · B, float32 (n_items, n_items), made in the buffer of one inverse.

    B_ij = −P_ij / P_jj off the diagonal, with P = (XᵀX + l2 I)⁻¹.
    """
    P = _inverse_of_gram(X.T.tocsr(), l2)
    column_factor = -1 / P.diagonal()
    for start in range(0, len(P), _BLOCK):
        P[start : start + _BLOCK] *= before[start : start + _BLOCK, None] * column_factor
    np.fill_diagonal(P, 0)
    return P


def dual(X: csr_array, l2: float, before: NDArray[np.float32]) -> Factors:
    """The same operator from K = (XXᵀ + l2 I)⁻¹, users × users, never multiplied out.

    By the Woodbury identity P = (I − XᵀKX) / l2, so with h_j = x_jᵀ K x_j
    B_ij = x_iᵀ K x_j / (1 − h_j) off the diagonal.
    """
    K = _inverse_of_gram(X, l2)
    by_item = X.T.tocsr()
    h = np.empty(X.shape[1], dtype=np.float32)
    for start in range(0, len(h), _BLOCK):
        block = by_item[start : start + _BLOCK]
        h[start : start + _BLOCK] = block.multiply(block @ K).sum(axis=1)
    right = np.float32(1) / (1 - h)
    return Factors(scaled(by_item, rows=before), scaled(by_item, rows=right), core=K, own=before * h * right)


def _inverse_of_gram(rows: csr_array, l2: float) -> NDArray[np.float32]:
    """(rows @ rows.T + l2 I)⁻¹, float32 (n, n), C order, in one buffer."""
    n = rows.shape[0]
    require(memory(n), f"EASE on {n:,} rows", instead="slim")
    A = np.empty((n, n), dtype=np.float32, order="F")
    across = rows.T.tocsr()
    for start in range(0, n, _BLOCK):
        A[:, start : start + _BLOCK] = (rows[start : start + _BLOCK] @ across).toarray().T
    A[np.diag_indices(n)] += np.float32(l2)
    try:
        return invert(A).T
    except LinAlgError:
        message = "EASE's system of equations is too close to singular"
        raise RecsysError(message, fix="Raise l2.", bad_input=False) from None
