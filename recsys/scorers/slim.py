"""A sparse EASE: every item from the few others that tell most of it, where a square of all items does not fit.

The feature selection of fsSLIM (Ning & Karypis, "SLIM: Sparse linear methods for top-N recommender systems", ICDM 2011,
section III.C) with the squared penalty and the normalisations of `EASE`: with every item a neighbour of every other one
it is EASE.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import FADING, Span, half_life
from recsys.linear import STRICT
from recsys.operators import power, scaled
from recsys.scorers.interactions import ItemToItem
from recsys.scorers.memory import require
from recsys.scorers.nearest import nearest
from recsys.types import Holdout

_AT_ONCE = 1 << 21  # products looked up at once
_ASKED = 500  # items whose products are counted to foresee how many there are
_BYTES = 8  # of a product: its value and its place


@dataclass(config=STRICT)
class SLIM(ItemToItem):
    """operator = Di^−item_power · B, each item's score times Di^output_power · demand.

    Column i of B solves  min ‖x_i − Xn b‖² + l2 ‖b‖²  with b_j = 0 but for the `k` items j that alone would leave least
    of x_i, and Xn, Du and Di as of `EASE`. Raises RecsysError where the memory is too small.
    """

    k: PositiveInt = 100
    l2: PositiveFloat = 3.0
    user_power: float = 0.3
    item_power: float = 0.3
    output_power: float = 0.0
    train_half_life: PositiveFloat | None = 90
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "slim"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(90, 180, None),
        "l2": Span((1.0, 3.0, 10.0), 0.1, 1000.0, log=True),
        "output_power": Span((0.0, 0.3), -0.2, 0.8),
        "demand": DEMANDS,
        "k": Span((), 10, 500, log=True),
        "user_power": Span((), 0.0, 1.0),
        "item_power": Span((), 0.0, 1.0),
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = self._interactions(graph)
        before = power(self.degrees_, -self.item_power)
        normalised = scaled(X, power(X.sum(axis=1), -self.user_power), before)
        self.operator_ = scaled(regressions(normalised, self.l2, self.k), rows=before)
        self.operator_.sort_indices()  # explanations look items up by bisection
        return self


def regressions(X: csr_array, l2: float, k: int) -> csr_array:
    """Each column of X by a ridge regression on the k others that alone explain most of it, csr float32 (n, n)."""
    across = X.T.tocsr()
    require(_BYTES * _products(across, X), f"SLIM on {X.shape[1]:,} items", instead="item_knn")
    gram = (across @ X).tocsr()
    gram.sort_indices()
    own = gram.diagonal()

    def explains(products: Any, items: Any, others: Any) -> Any:
        return np.where(items == others, 0, products**2 / (own[others] + np.float32(l2)))

    chosen = nearest(across, X, k, explains)
    weights = np.empty(chosen.nnz, dtype=np.float32)
    for items in _alike(np.diff(chosen.indptr)):
        n = chosen.indptr[items[0] + 1] - chosen.indptr[items[0]]
        places = chosen.indptr[items][:, None] + np.arange(n)
        weights[places] = _solved(gram, items, chosen.indices[places], l2)
    return csr_array((weights, chosen.indices, chosen.indptr), chosen.shape).T.tocsr()


def _products(across: csr_array, X: csr_array) -> int:
    """About how many pairs of columns of X share a row, from a sample of them."""
    n = across.shape[0]
    sample = across[np.linspace(0, n - 1, min(_ASKED, n)).astype(np.int64)] if n else across
    return int((sample @ X).nnz * n / max(sample.shape[0], 1))


def _alike(lengths: NDArray[np.integer]) -> list[NDArray[np.int64]]:
    """Items with as many neighbours, in parts whose products are at most `_AT_ONCE`, or of one item; those with any."""
    order = np.argsort(lengths, kind="stable")
    parts = []
    for same in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        n = int(lengths[same[0]]) if len(same) else 0
        step = max(_AT_ONCE // (n * n), 1) if n else 1
        parts += [same[start : start + step] for start in range(0, len(same) if n else 0, step)]
    return parts


def _solved(gram: csr_array, items: NDArray[Any], others: NDArray[Any], l2: float) -> NDArray[np.float32]:
    """The weights of `others` (b, n) for `items` (b,), float32 (b, n)."""
    b, n = others.shape
    left, right = (np.repeat(others, n, axis=1), np.tile(others, (1, n)))
    squares = _entries(gram, left, right).reshape(b, n, n)
    squares[:, np.arange(n), np.arange(n)] += np.float32(l2)
    goals = _entries(gram, np.repeat(items[:, None], n, axis=1), others)
    return np.linalg.solve(squares, goals[:, :, None])[:, :, 0]


def _entries(matrix: csr_array, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float32]:
    """matrix[rows, columns], float32 of their shape."""
    found = matrix[rows.reshape(-1), columns.reshape(-1)]
    return np.asarray(found, dtype=np.float32).reshape(rows.shape)
