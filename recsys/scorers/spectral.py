"""A graph filter of low frequencies: what the largest singular vectors of the interactions say of what goes together.

Shen et al., "How powerful is graph convolution for recommendation?", CIKM 2021 (GF-CF), with degrees normalised before
and after by powers of their own, and a filter that falls with the singular value instead of an ideal one.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.linalg import qr
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import FADING, Span, half_life
from recsys.linear import STRICT
from recsys.operators import Factors, power, scaled
from recsys.scorers.interactions import ItemToItem
from recsys.scorers.memory import require
from recsys.types import Holdout

_SPARE = 16  # vectors beyond those asked for: they make the last of these exact
_ROUNDS = 6  # of subspace iteration
_BYTES = 4


@dataclass(config=STRICT)
class Spectral(ItemToItem):
    """operator = Di^−item_power · V (S / s₁)^sharpness Vᵀ, each item's score times Di^output_power · demand.

    S and V are the `rank` largest singular values (s₁ the first) and right singular vectors of
    Du^−user_power X Di^−item_power, with X, Du and Di as in `EASE`. Raises RecsysError where the memory is too small.
    """

    rank: PositiveInt = 256
    sharpness: PositiveFloat = 1.0
    user_power: float = 0.3
    item_power: float = 0.4
    output_power: float = 0.0
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "spectral"

    EMPHASIS: ClassVar[frozenset[str]] = ItemToItem.EMPHASIS | {"sharpness"}
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "rank": Span((256, 64, 512), 16, 2048, log=True),
        "train_half_life": half_life(180, 90, None),
        "sharpness": Span((1.0, 0.5, 1.5), 0.2, 3.0),
        "user_power": Span((0.3, 0.5), 0.0, 1.0),
        "item_power": Span((0.4, 0.5), 0.0, 1.0),
        "output_power": Span((0.0, 0.3), -0.2, 0.8),
        "demand": DEMANDS,
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = self._interactions(graph)
        before = power(self.degrees_, -self.item_power)
        self.values_, vectors = leading(scaled(X, power(X.sum(axis=1), -self.user_power), before), self.rank, self.seed)
        self.operator_ = self._filter(vectors)
        return self

    def emphasised(self, graph: KnowledgeGraph, **parameters: Any) -> Self:
        other = super().emphasised(graph, **parameters)
        assert isinstance(self.operator_, Factors)
        other.operator_ = other._filter(self.operator_.right)
        return other

    def _filter(self, vectors: NDArray[np.float32]) -> Factors:
        """The operator; S are `values_`, float32 (rank,)."""
        before = power(self.degrees_, -self.item_power)
        passed = (self.values_ / max(float(self.values_[0]), 1e-12)) ** np.float32(self.sharpness)
        return Factors(before[:, None] * vectors * passed, vectors)


def leading(X: csr_array, rank: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The largest singular values of X, float32 (r,), and their right vectors (n, r); r at most either side of X.

    Halko, Martinsson & Tropp, "Finding structure with randomness", SIAM Review 2011, algorithm 4.4.
    """
    size = min(rank + _SPARE, *X.shape)
    require(3 * sum(X.shape) * size * _BYTES, f"the spectral scorer at rank {rank}", instead="item_knn")
    across = X.T.tocsr()
    few_rows = X.shape[0] < X.shape[1]
    few, many = (X, across) if few_rows else (across, X)  # rounds are on the shorter side, which is far cheaper
    Q = np.random.default_rng(seed).standard_normal((few.shape[0], size), dtype=np.float32)
    for _round in range(_ROUNDS):
        Q, _ = qr(few @ (many @ Q), mode="economic", overwrite_a=True, check_finite=False)
    tall, R = qr(many @ Q, mode="economic", overwrite_a=True, check_finite=False)
    left, values, right = np.linalg.svd(R.astype(np.float64))
    vectors, turn = (tall, left) if few_rows else (Q, right.T)
    largest = slice(min(rank, size))
    return values[largest].astype(np.float32), vectors @ turn[:, largest].astype(np.float32)
