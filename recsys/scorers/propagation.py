"""Messages along the relations of a graph, each relation with a weight of its own in every layer.

A layer is  e' = Σ over relations r: w_r · (Â_r e),  Â_r = C^−½ D_r^−½ A_r D_r^−½ C^−½, both ways, where D_r holds the
row sums of A_r, and C the number of relations a node has edges of: an item's five attributes are not drowned by its
thousand customers, and with one relation it is LightGCN's. Forward and backward are products of CSR matrices whose
transposes are made once.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import Weighting
from recsys.operators import power, scaled
from recsys.scorers.interactions import strongest

EVENTS: Relation = (USER, "", ITEM)
"""All kinds of event are one relation: each pair's strongest."""
_VALUE, _INDEX = 4, 4  # bytes
Floats = NDArray[np.float64]


def bridges(graph: KnowledgeGraph, weighting: Weighting) -> dict[Relation, csr_array[np.float32]]:
    """Â_r of every relation that has an edge, one way: csr float32 (n_source, n_target), indices sorted."""
    parts = {EVENTS: strongest(graph, weighting)}
    parts |= {name: abs(graph.matrix(name)) for name in graph.relations if name not in graph.event_relations}
    degrees = {name: _degrees(matrix, within=name[0] == name[2]) for name, matrix in parts.items() if matrix.nnz}
    counts = {name: np.zeros(len(nodes)) for name, nodes in graph.nodes.items()}
    for (source, _, target), sides in degrees.items():
        for node_type, side in {source: sides[0], target: sides[1]}.items():
            counts[node_type] += side > 0
    found = {}
    for name, sides in degrees.items():
        factors = (power(side, -0.5) * power(counts[end], -0.5) for end, side in zip(name[::2], sides, strict=True))
        found[name] = scaled(parts[name], *factors)
        found[name].sort_indices()
    return found


def _degrees(matrix: csr_array, *, within: bool) -> tuple[Floats, Floats]:
    """Of rows and columns; `within` one node type a node's degree is that of both directions."""
    rows, columns = (np.asarray(matrix.sum(axis=axis), dtype=np.float64) for axis in (1, 0))
    return (rows + columns, rows + columns) if within else (rows, columns)


@dataclass(frozen=True, eq=False)
class Message:
    """What one relation carries in one direction: e'[target] += weight · matrix @ e[source].

    matrix    CSR (n_target, n_source); `turned` its transpose
    edges     of every value of `matrix` and of `turned` which edge of the relation it is, int64
    relation  which of the layer's weights it takes
    """

    source: slice
    target: slice
    matrix: Tensor
    turned: Tensor
    edges: tuple[Tensor, Tensor]
    relation: int

    def traffic(self, size: int) -> int:
        """The bytes that one product moves where no row of the embeddings is still in a cache."""
        n_edges = self.matrix.values().numel()
        return n_edges * (_VALUE + _INDEX + _VALUE * size) + self.matrix.shape[0] * (_INDEX + _VALUE * size)

    def kept(self, kept: Tensor) -> Message:
        """Without some edges of the relation: `kept` float32 (n_edges,) is 0 for those."""
        matrix, turned = (
            _csr(csr.crow_indices(), csr.col_indices(), csr.values() * kept[numbers], csr.shape)
            for csr, numbers in zip((self.matrix, self.turned), self.edges, strict=True)
        )
        return replace(self, matrix=matrix, turned=turned)


def layers(
    graph: KnowledgeGraph, parts: Mapping[Relation, csr_array], n_layers: int, device: torch.device
) -> list[list[Message]]:
    """The messages of every layer that carry anything and are asked for.

    Users begin with nothing, so that in the first layer they have nothing to say; after the last nobody asks for them.
    """
    told = {name for name in graph.nodes if name != USER}
    ways = [way for place, (name, part) in enumerate(parts.items()) for way in _ways(graph, name, part, place, device)]
    found = []
    for layer in range(1, n_layers + 1):
        asked = [way for way in ways if way[0] in told and (way[1] != USER or layer < n_layers)]
        found.append([message for _, _, message in asked])
        told = {target for _, target, _ in asked}
    return found


def _ways(
    graph: KnowledgeGraph, relation: Relation, part: csr_array, place: int, device: torch.device
) -> list[tuple[str, str, Message]]:
    """Both directions of a relation: from which node type, to which, and the message."""
    source, _, target = relation
    ends = {name: slice(graph.nodes[name].start, graph.nodes[name].range.stop) for name in (source, target)}
    numbers = csr_array((np.arange(part.nnz), part.indices, part.indptr), part.shape)
    turned = numbers.T.tocsr()  # where each of its values lies in the other
    turned_part = csr_array((part.data[turned.data], turned.indices, turned.indptr), turned.shape)
    back, there = to_torch(part, device), to_torch(turned_part, device)
    edges, turned_edges = (torch.from_numpy(each.data).to(device) for each in (numbers, turned))
    return [
        (source, target, Message(ends[source], ends[target], there, back, (turned_edges, edges), place)),
        (target, source, Message(ends[target], ends[source], back, there, (edges, turned_edges), place)),
    ]


def spread(messages: Sequence[Message], weights: Tensor, nodes: Tensor) -> Tensor:
    """One layer: float32 (n_nodes, size) from the same; `weights` (R,) of the relations."""
    return _Layer.apply(messages, weights, nodes)  # type: ignore[no-untyped-call]


class _Layer(torch.autograd.Function):
    """Keeps its input alone; what each relation said is not needed again."""

    @staticmethod
    def forward(ctx: Any, messages: Sequence[Message], weights: Tensor, nodes: Tensor) -> Tensor:
        ctx.messages = messages
        ctx.save_for_backward(weights, nodes)
        heard = torch.zeros_like(nodes)
        for message, weight in zip(messages, _numbers(messages, weights), strict=True):
            heard[message.target].addmm_(message.matrix, nodes[message.source], alpha=weight)
        return heard

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        weights, nodes = ctx.saved_tensors
        of_weights, of_nodes = torch.zeros_like(weights), torch.zeros_like(nodes)
        for message, weight in zip(ctx.messages, _numbers(ctx.messages, weights), strict=True):
            said = message.turned @ gradients[0][message.target]
            of_weights[message.relation] += torch.dot(said.flatten(), nodes[message.source].flatten())
            of_nodes[message.source].add_(said, alpha=weight)
        return None, of_weights, of_nodes


def _numbers(messages: Sequence[Message], weights: Tensor) -> list[float]:
    """The weight of every message."""
    known = weights.tolist()
    return [known[message.relation] for message in messages]


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
    parts = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))
    return _csr(*(torch.from_numpy(part).to(device) for part in parts), matrix.shape)


def _csr(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks)")
        return torch.sparse_csr_tensor(indptr, indices, values, size=shape)
