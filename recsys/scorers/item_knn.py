"""Items bought by the same people: the k nearest neighbours of each item by cosine.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001, with the shrinkage of Deshpande
& Karypis, "Item-based top-N recommendation algorithms", TOIS 2004.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.linear import STRICT, LinearScorer
from recsys.operators import scaled
from recsys.scorers.interactions import strongest
from recsys.types import Holdout

_BLOCK = 1024  # items whose neighbours are sought at once: bounds the memory of the product
_BM25_SATURATION, _BM25_LENGTH = 1.2, 0.75  # k₁ and b of Robertson & Zaragoza 2009


@dataclass(config=STRICT)
class ItemKNN(LinearScorer):
    """operator[j, i] = x_j · x_i / (‖x_j‖ ‖x_i‖ + shrinkage), kept for the `k` most similar j of each i; times demand.

    x_i holds the users of item i: each one's latest event, halved every `train_half_life` days; `feature` then weighs
    it by how telling the user is (`tfidf`), or saturates it by the item's popularity too (`bm25`).
    """

    k: PositiveInt = 200
    shrinkage: NonNegativeFloat = 5.0
    feature: Literal["cosine", "tfidf", "bm25"] = "cosine"
    train_half_life: PositiveFloat | None = 90
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "item_knn"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": (90, None),
        "feature": ("cosine", "tfidf", "bm25"),
        "shrinkage": (0.0, 5.0, 20.0),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = _feature(strongest(graph, replace(self.weighting, half_life=self.train_half_life)), self.feature)
        norms = np.sqrt(np.asarray(X.multiply(X).sum(axis=0), dtype=np.float32))
        self.operator_ = _nearest(X, norms, self.k, self.shrinkage)
        self.operator_.sort_indices()
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = norms > 0
        return self


def _feature(X: csr_array, feature: Literal["cosine", "tfidf", "bm25"]) -> csr_array:
    """X with its entries reweighed; csr float32 (n_users, n_items)."""
    if feature == "cosine":
        return X
    n_items = X.shape[1]
    telling = np.log1p(n_items / np.maximum(np.diff(X.indptr), 1))
    if feature == "bm25":
        length: NDArray[np.float32] = np.asarray(X.sum(axis=0), dtype=np.float32)
        relative = length / (float(length.mean()) or 1.0)
        slack = _BM25_SATURATION * (1 - _BM25_LENGTH + _BM25_LENGTH * relative)
        X = X.copy()
        X.data = X.data * (_BM25_SATURATION + 1) / (X.data + slack[X.indices])
    return scaled(X, rows=telling)


def _nearest(X: csr_array, norms: NDArray[np.float32], k: int, shrinkage: float) -> csr_array:
    """The k most similar items of each: csr float32 (n_items neighbours, n_items)."""
    n_items = X.shape[1]
    by_item = X.T.tocsr()
    lengths, neighbours, values = [], [], []
    for start in range(0, n_items, _BLOCK):
        block = by_item[start : start + _BLOCK] @ X
        items = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
        similarity = block.data / (norms[items] * norms[block.indices] + np.float32(shrinkage))
        similarity[items == block.indices] = 0
        for first, last in zip(block.indptr[:-1], block.indptr[1:], strict=True):
            nearest = _largest(similarity[first:last], k)
            lengths.append(len(nearest))
            neighbours.append(block.indices[first + nearest])
            values.append(similarity[first + nearest])
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    by_target = csr_array((np.concatenate(values), np.concatenate(neighbours), indptr), (n_items, n_items))
    return by_target.T.tocsr()


def _largest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Positions of the k largest positive values."""
    chosen = np.argpartition(values, -k)[-k:] if len(values) > k else np.arange(len(values))
    return chosen[values[chosen] > 0]
