"""Messages along all relations of the graph at once: one normalised adjacency, and its product with embeddings."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Weighting
from recsys.operators import power, scaled
from recsys.scorers.interactions import strongest


def adjacency(graph: KnowledgeGraph, weighting: Weighting) -> csr_array[np.float32]:
    """D^−½ (Σ over relations: D_r^−½ A_r D_r^−½, both ways) D^−½, symmetric csr float32 (n_nodes, n_nodes).

    Each relation is normalised by itself first, so that an item's five attributes are not drowned by its thousand
    customers. All kinds of event are one relation: each pair's strongest.
    """
    total: Any = csr_array((graph.n_nodes, graph.n_nodes), dtype=np.float32)
    parts = [((USER, "", ITEM), strongest(graph, weighting))]
    parts += [(name, abs(graph.matrix(name))) for name in graph.relations if name not in graph.event_relations]
    for (source, _, target), matrix in parts:
        placed = matrix.tocoo()
        rows, columns = placed.row + graph.nodes[source].start, placed.col + graph.nodes[target].start
        both = csr_array(
            (np.tile(placed.data, 2), (np.concatenate([rows, columns]), np.concatenate([columns, rows]))), total.shape
        )
        total = total + _normalised(both)
    return _normalised(total)


def _normalised(matrix: csr_array) -> csr_array[np.float32]:
    factor = power(np.asarray(matrix.sum(axis=1), dtype=np.float64), -0.5)
    return scaled(matrix, factor, factor)


def product(matrix: Tensor, transposed: Tensor, dense: Tensor) -> Tensor:
    """Matrix @ dense for a constant CSR matrix; its transpose is given, not made anew in every backward pass."""
    return _SparseProduct.apply(matrix, transposed, dense)  # type: ignore[no-untyped-call]


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, dense: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ gradients[0]


def to_torch(matrix: csr_array, device: torch.device) -> Tensor:
    """A scipy CSR matrix as torch's, float32 with int32 indices."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks)")
        parts = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))
        indptr, indices, data = (torch.from_numpy(part) for part in parts)
        return torch.sparse_csr_tensor(indptr, indices, data, size=matrix.shape).to(device)
