"""Implicit alternating least squares, served by one fold-in that everybody shares, or by each one's own.

Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, with the regularisation by
frequency of Rendle et al., "Revisiting the performance of iALS on item recommendation benchmarks", RecSys 2022, and the
conjugate gradients of Takács et al., "Applications of the conjugate gradient method for implicit feedback collaborative
filtering", RecSys 2011.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.linalg import solve_triangular

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.blocks import CACHE_BYTES
from recsys.demand import DEMANDS, Demand
from recsys.grid import FADING, Span, half_life
from recsys.linear import STRICT, Weighed
from recsys.operators import Factors
from recsys.scorers.conjugate import conjugate
from recsys.scorers.fold_in import Equations, folded
from recsys.scorers.interactions import ItemToItem
from recsys.scorers.memory import require
from recsys.scorers.padded import Block, padded
from recsys.types import Holdout, Scores

_BYTES = 4
_Matrix = NDArray[np.float32]


@dataclass(config=STRICT)
class IALS(ItemToItem):
    """operator = Y M Yᵀ, each item's score times Di^output_power · demand.

    Y are the item factors of  min Σ_ui w_ui (1 − x_u·y_i)² + unobserved (x_u·y_i)² + Σ_u λ_u ‖x_u‖² + Σ_i λ_i ‖y_i‖²,
    with λ_r = regularisation · m · (m_r / m)^frequency, m_r the sum of the row's w + unobserved · the row's length and
    m their mean: the frequency moves the penalties apart and leaves their level. w and Di are X and Di of `EASE`.
    M = (unobserved YᵀY + mean over the users of Σ_i w_ui y_i y_iᵀ + mean λ_u I)⁻¹ is the fold-in of a mean user:
    unlike one for each user, it is linear in the query, so that each event has an exact share of the score. With
    `fold_in` "own" M is made of the user's own w and λ: each event still has an exact share, but without it those of
    the others change.

    items_   float32 (n_items, n_factors): Y; shared_ float64 (n_factors, n_factors): unobserved YᵀY
    usual_   m of the users
    Raises RecsysError where the memory is too small.
    """

    n_factors: PositiveInt = 64
    unobserved: PositiveFloat = 0.1
    regularisation: PositiveFloat = 0.01
    frequency: NonNegativeFloat = 1.0
    n_sweeps: PositiveInt = 16
    n_conjugate: PositiveInt = 2
    fold_in: Literal["mean", "own"] = "mean"
    output_power: float = 0.0
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "ials"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, 90, None),
        "unobserved": Span((0.1, 0.3), 0.001, 1.0, log=True),
        "output_power": Span((0.0, 0.3), -0.2, 0.8),
        "demand": DEMANDS,
        "n_factors": Span((), 16, 512, log=True),
        "regularisation": Span((), 0.001, 0.1, log=True),
        "frequency": Span((1.0, 0.7), 0.0, 1.0),
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = self._interactions(graph)
        across = X.T.tocsr()
        longest = max(int(np.diff(matrix.indptr).max(initial=0)) for matrix in (X, across))  # a block of its own
        require((6 * sum(X.shape) + longest) * self.n_factors * _BYTES, "iALS", instead="item_knn")
        of_users, of_items = (self._penalties(matrix.sum(axis=1), matrix.shape[1]) for matrix in (X, across))
        rng = np.random.default_rng(self.seed)
        first = rng.standard_normal((X.shape[1], self.n_factors), dtype=np.float32)
        items = first * np.float32(0.1 / np.sqrt(self.n_factors))
        users = np.zeros((X.shape[0], self.n_factors), dtype=np.float32)
        room = CACHE_BYTES // (_BYTES * self.n_factors)
        by_user, by_item = padded(X, room), padded(across, room)
        for _sweep in range(self.n_sweeps):
            users, items = solve(by_user, users, items, self.unobserved, of_users, self.n_conjugate)
            items, users = solve(by_item, items, users, self.unobserved, of_items, self.n_conjugate)
        self.items_, self.shared_ = items, (self.unobserved * items.T @ items).astype(np.float64)
        self.usual_ = float(X.sum(axis=1).mean()) + self.unobserved * X.shape[1]
        known = np.diff(X.indptr) > 0
        n = max(int(known.sum()), 1)
        mean = self.shared_ + (items.T * (self.degrees_ / n)) @ items
        mean[np.diag_indices(self.n_factors)] += of_users[known].sum() / n
        turned = solve_triangular(np.linalg.cholesky(mean), items.T, lower=True).T
        self.operator_ = Factors(turned.astype(np.float32), turned.astype(np.float32))
        return self

    @property
    def additive(self) -> bool:
        return self.fold_in == "mean"

    def score(self, query: Query) -> Scores:
        if self.fold_in == "mean":
            return super().score(query)
        history = query.history(self.weighting)
        history.data = np.maximum(history.data, 0)
        penalties = self._penalties(history.sum(axis=1), history.shape[1], self.usual_)
        users = folded(history, self.items_, self.shared_, penalties)
        scores = users @ self.items_.T
        scores *= self.emphasis_
        scores[:, ~self.opinion_] = np.nan
        return scores

    def linked(self, events: Weighed, items: range, item: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        if self.fold_in == "mean":
            return super().linked(events, items, item)
        own = events.once("own", lambda: self._own(events, items))
        return np.arange(len(events.touched)), np.where(own.weights > 0, own.worth(self.items_[item]), 0)

    def _own(self, events: Weighed, items: range) -> Equations:
        """The equations of one person, of the items that her events touch."""
        weights = np.bincount(np.searchsorted(events.touched, events.nodes), events.weights, len(events.touched)).clip(
            0
        )
        (penalty,) = self._penalties(weights.sum(keepdims=True), len(items), self.usual_)
        return Equations.of(self.items_[events.touched - items.start], weights, self.shared_, float(penalty))

    def _penalties(self, sums: NDArray[Any], n_columns: int, usual: float | None = None) -> NDArray[np.float32]:
        """λ of rows with these sums of w, float32 (n,); m is the mean of these rows unless it is known as `usual`."""
        weight = np.asarray(sums, dtype=np.float64) + self.unobserved * n_columns
        mean = usual or float(weight.mean())
        return (self.regularisation * mean * (weight / mean) ** self.frequency).astype(np.float32)


def solve(
    blocks: Iterable[Block],
    start: _Matrix,
    others: _Matrix,
    unobserved: float,
    penalties: NDArray[np.float32],
    n_steps: int,
) -> tuple[_Matrix, _Matrix]:
    """The factors of all rows given those of the columns: `n_steps` conjugate gradients on every row; and the columns'.

    Row r minimises Σ_c w_rc (1 − x_r·y_c)² + unobserved Σ_c (x_r·y_c)² + penalty_r ‖x_r‖². Both are turned so that
    unobserved YᵀY, which all rows share, is a diagonal matrix: a product with it costs next to nothing then, and what
    divides by it makes the gradients preconditioned ones.
    """
    shared, turn = np.linalg.eigh(np.float32(unobserved) * (others.T @ others))
    shared = np.maximum(shared, 0)  # which it is but for rounding
    found, others = start @ turn, others @ turn
    for block in blocks:
        found[block.rows] = _solved(block, found[block.rows], others, shared + penalties[block.rows, None], n_steps)
    return found, others


def _solved(block: Block, x: _Matrix, others: _Matrix, diagonal: _Matrix, n_steps: int) -> _Matrix:
    """The factors of a block's rows from x on, where `diagonal` (b, d) stands for what is not of its entries."""
    theirs, weights = np.take(others, block.columns, axis=0), block.values  # (b, n, d): stays in the cache

    def said(x: _Matrix) -> _Matrix:
        """x_r·y_c of every entry, (b, n)."""
        return (theirs @ x[:, :, None])[:, :, 0]

    def added_up(values: _Matrix) -> _Matrix:
        """Σ_c value_rc y_c, (b, d)."""
        return (values[:, None, :] @ theirs)[:, 0]

    def applied(x: _Matrix) -> _Matrix:
        return added_up(weights * said(x)) + diagonal * x

    residual = added_up(weights * (1 - said(x))) - diagonal * x
    return conjugate(applied, x, residual, n_steps, np.reciprocal(diagonal))
