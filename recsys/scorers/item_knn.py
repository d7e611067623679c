"""Items bought by the same people: the k nearest neighbours of each item by cosine.

Sarwar et al., "Item-based collaborative filtering recommendation algorithms", WWW 2001, with the shrinkage of Deshpande
& Karypis, "Item-based top-N recommendation algorithms", TOIS 2004.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import STRICT, LinearScorer
from recsys.types import Holdout

_BLOCK = 2048  # items whose neighbours are sought at once: bounds the memory of the product


@dataclass(config=STRICT)
class ItemKNN(LinearScorer):
    """operator[j, i] = x_j · x_i / (‖x_j‖ ‖x_i‖ + shrinkage), kept for the `k` most similar j of each i."""

    k: PositiveInt = 100
    shrinkage: float = 10.0
    weighting: Weighting = Weighting()
    name: str = "item_knn"

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = graph.interactions(self.weighting)
        norms = np.sqrt(np.asarray(X.multiply(X).sum(axis=0)))
        blocks = [
            _nearest(X, norms, range(start, min(start + _BLOCK, X.shape[1])), self.k, self.shrinkage)
            for start in range(0, X.shape[1], _BLOCK)
        ]
        rows, columns, values = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        self.operator_ = csr_array((values, (rows, columns)), (X.shape[1], X.shape[1]))
        self.opinion_ = norms > 0
        return self


def _nearest(
    X: csr_array, norms: np.ndarray, items: range, k: int, shrinkage: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The k most similar items of each of `items`: (neighbour, item, similarity), a triple per pair."""
    block = (X[:, items.start : items.stop].T @ X).tocoo()
    item, neighbour = block.row + items.start, block.col
    value = block.data / (norms[item] * norms[neighbour] + shrinkage)
    value[item == neighbour] = 0
    order = np.lexsort((neighbour, -value, item))
    item, neighbour, value = item[order], neighbour[order], value[order]
    first = np.searchsorted(item, items)
    kept = (np.arange(len(item)) - np.repeat(first, np.bincount(item - items.start, minlength=len(items))) < k) & (
        value > 0
    )
    return neighbour[kept], item[kept], value[kept].astype(np.float32)
