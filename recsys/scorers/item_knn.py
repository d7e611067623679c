"""Items bought by the same people: the k nearest neighbours of each item.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001, with the shrinkage of Deshpande
& Karypis, "Item-based top-N recommendation algorithms", TOIS 2004, and the asymmetric cosine of Aiolli, "Efficient
top-n recommendation for very large scale binary rated datasets", RecSys 2013.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import FADING, Span, half_life
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import scaled
from recsys.scorers.customers import Customers, kinds_of
from recsys.scorers.interactions import strongest
from recsys.scorers.nearest import nearest
from recsys.summands import Summands
from recsys.types import Holdout

_BM25_SATURATION, _BM25_LENGTH = 1.2, 0.75  # k₁ and b of Robertson & Zaragoza 2009


@dataclass(config=STRICT)
class ItemKNN(LinearScorer):
    """operator[j, i] = x_j · x_i / (n_j^2(1 − asymmetry) n_i^2·asymmetry + shrinkage), of the `k` largest j of each i.

    x_i holds the users of item i: each one's latest event, halved every `train_half_life` days; `feature` then weighs
    it by how telling the user is (`tfidf`), or saturates it by the item's popularity too (`bm25`). n_i is the norm of
    x_i by `norm` "cosine", and √(users of i + 1) by "count". Each item's score is multiplied by its demand.

    x_j · x_i is a sum over the customers of both items, so each tie is told as the walks through them.

    kinds_  the kinds of event that count; where there are several, had_ csr float32 (n_items, n_users) are the x, and
            codes_ int16 (nnz,) which kind gave each entry
    """

    k: PositiveInt = 200
    shrinkage: NonNegativeFloat = 5.0
    feature: Literal["cosine", "tfidf", "bm25"] = "cosine"
    norm: Literal["cosine", "count"] = "cosine"
    asymmetry: Annotated[float, Field(ge=0, le=1)] = 0.5
    train_half_life: PositiveFloat | None = 90
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "item_knn"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(90, None),
        "feature": ("cosine", "tfidf", "bm25"),
        "shrinkage": Span((0.0, 5.0, 20.0), 0.0, 200.0),
        "demand": DEMANDS,
        "k": Span((), 10, 1000, log=True),
        "asymmetry": Span((), 0.0, 1.0),
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        lasting = replace(self.weighting, half_life=self.train_half_life)
        pairs = strongest(graph, lasting)
        X = _feature(pairs, self.feature)
        self.kinds_, codes = kinds_of(graph, lasting, pairs)
        several = len(self.kinds_) > 1
        self.had_, self.codes_ = _turned(X, codes) if several else _turned(X[:0], codes[:0])
        users = np.bincount(X.indices, minlength=graph.n_items)
        norms = np.sqrt(np.asarray(X.multiply(X).sum(axis=0), dtype=np.float32))
        self.operator_ = self._similar(X, norms if self.norm == "cosine" else np.sqrt(users + np.float32(1)))
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = users > 0
        return self

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """The ways from each event's item through the customers of both, by what these did: one for all, counted."""
        rows, worth = self.linked(events, items, item)
        return Customers(self.had_, self.codes_, self.kinds_, items.start).tied(self.name, events, item, rows, worth)

    def _similar(self, X: csr_array, norms: NDArray[np.float32]) -> csr_array:
        """The operator: csr float32 (n_items neighbours, n_items)."""
        of_neighbours, of_items = norms ** (2 - 2 * self.asymmetry), norms ** (2 * self.asymmetry)

        def alike(products: Any, items: Any, neighbours: Any) -> Any:
            similarity = products / (of_neighbours[neighbours] * of_items[items] + np.float32(self.shrinkage))
            return np.where(items == neighbours, 0, similarity)

        return nearest(X.T.tocsr(), X, self.k, alike).T.tocsr()


def _turned(X: csr_array, codes: NDArray[np.int16]) -> tuple[csr_array, NDArray[np.int16]]:
    """X (n_users, n_items) by item, csr float32 (n_items, n_users), and the codes of its entries."""
    order = csr_array((np.arange(X.nnz), X.indices, X.indptr), X.shape).T.tocsr()
    return csr_array((X.data[order.data], order.indices, order.indptr), order.shape), codes[order.data]


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
