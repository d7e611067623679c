"""Messages along the relations of a graph, each relation with a weight of its own in every layer.

A layer is  e' = Σ over relations r: w_r · (Â_r e), both ways, with Â_r of `bridges`. Forward and backward are products
of CSR matrices whose transposes are made once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch import Tensor

from kg.graph import USER, KnowledgeGraph, Relation
from recsys.scorers.sparse import csr, to_torch

_INDEX = 4  # bytes


@dataclass(frozen=True, eq=False)
class Message:
    """What one relation carries in one direction: e'[target] += weight · matrix @ e[source], by node type.

    matrix    CSR (n_target, n_source); `turned` its transpose
    edges     of every value of `matrix` and of `turned` which edge of the relation it is, int64
    relation  which of the layer's weights it takes
    """

    source: str
    target: str
    matrix: Tensor
    turned: Tensor
    edges: tuple[Tensor, Tensor]
    relation: int

    def traffic(self, size: int) -> int:
        """The bytes that one product moves where no row of the embeddings is still in a cache."""
        values = self.matrix.values()
        value = values.element_size()
        return values.numel() * (value + _INDEX + value * size) + self.matrix.shape[0] * (_INDEX + value * size)


@dataclass(frozen=True, eq=False)
class Plan:
    """The messages of every layer that carry anything and are asked for, and where each type's nodes lie.

    Users have no embedding of their own: in the first layer they have nothing to say, and after the last nobody asks
    for them. `places` leaves them out. What is said is of `dtype`, the mean over the layers float32 all the same.
    """

    layers: Sequence[Sequence[Message]]
    places: Mapping[str, slice]
    dtype: torch.dtype = torch.float32

    @classmethod
    def of(
        cls,
        graph: KnowledgeGraph,
        parts: Mapping[Relation, csr_array],
        n_layers: int,
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> Plan:
        """Of `bridges`; users must be the first of the numbering."""
        start = len(graph.nodes[USER])
        places = {
            name: slice(nodes.start - start, nodes.range.stop - start)
            for name, nodes in graph.nodes.items()
            if name != USER
        }
        make = partial(to_torch, device=device, dtype=dtype)
        both = [way for place, (name, part) in enumerate(parts.items()) for way in _ways(name, part, place, make)]
        told, layers = set(places), []
        for layer in range(1, n_layers + 1):
            layers.append([m for m in both if m.source in told and (m.target != USER or layer < n_layers)])
            told = {message.target for message in layers[-1]}
        return cls(layers, places, dtype)

    def without(self, relation: int, kept: Tensor) -> Plan:
        """The same where messages of a relation skip the edges for which `kept` is 0."""
        kept = kept.to(self.dtype)
        thinned: dict[Tensor, Tensor] = {}  # the same two matrices carry the relation in every layer, both ways

        def thin(matrix: Tensor, edges: Tensor) -> Tensor:
            if matrix not in thinned:
                parts = (matrix.crow_indices(), matrix.col_indices(), matrix.values() * kept[edges])
                thinned[matrix] = csr(*parts, tuple(matrix.shape))
            return thinned[matrix]

        def of(message: Message) -> Message:
            matrix, turned = map(thin, (message.matrix, message.turned), message.edges)
            return replace(message, matrix=matrix, turned=turned)

        layers = [[of(m) if m.relation == relation else m for m in messages] for messages in self.layers]
        return replace(self, layers=layers)

    def traffic(self, size: int) -> int:
        """The bytes that one propagation moves, there and back, where no cache helps."""
        return 2 * sum(message.traffic(size) for layer in self.layers for message in layer)


def _ways(relation: Relation, part: csr_array, place: int, make: Callable[[csr_array], Tensor]) -> list[Message]:
    """Both directions of a relation."""
    source, _, target = relation
    numbers = csr_array((np.arange(part.nnz), part.indices, part.indptr), part.shape)
    turned = numbers.T.tocsr()  # where each of its values lies in the other
    turned_part = csr_array((part.data[turned.data], turned.indices, turned.indptr), turned.shape)
    back, there = make(part), make(turned_part)
    edges, turned_edges = (torch.from_numpy(each.data).to(back.device) for each in (numbers, turned))
    return [
        Message(source, target, there, back, (turned_edges, edges), place),
        Message(target, source, back, there, (edges, turned_edges), place),
    ]


def propagate(plan: Plan, weights: Tensor, nodes: Tensor) -> Tensor:
    """The mean over the layers of all nodes but users, float32 (n, size), from e⁰; `weights` (n_layers, R)."""
    return _Propagation.apply(plan, weights, nodes)  # type: ignore[no-untyped-call]


class _Propagation(torch.autograd.Function):
    """All layers at once: nothing is kept but each layer's embeddings, and nothing passed over that no edge reaches."""

    @staticmethod
    def forward(ctx: Any, plan: Plan, weights: Tensor, nodes: Tensor) -> Tensor:
        known = weights.tolist()
        total, first = nodes.clone(), nodes.to(plan.dtype)
        layers = [{name: first[place] for name, place in plan.places.items()}]
        for messages, own in zip(plan.layers, known, strict=True):
            heard: dict[str, Tensor] = {}
            for message in messages:
                if message.target not in heard:
                    heard[message.target] = first.new_zeros(message.matrix.shape[0], first.shape[1])
                said = layers[-1][message.source]
                heard[message.target].addmm_(message.matrix, said, alpha=own[message.relation])
            for name in heard.keys() & plan.places.keys():
                total[plan.places[name]].add_(heard[name])
            layers.append(heard)
        ctx.plan, ctx.known, ctx.layers = plan, known, layers
        return total.div_(len(layers))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        plan, layers = ctx.plan, ctx.layers
        mean = gradients[0] / len(layers)
        of_weights = mean.new_zeros(len(ctx.known), len(ctx.known[0]) if ctx.known else 0)
        told = mean.to(plan.dtype)
        shares = {name: told[place] for name, place in plan.places.items()}
        after = {name: shares[name] for name in layers[-1] if name in shares}
        for place in reversed(range(len(plan.layers))):
            before = {name: shares[name].clone() for name in layers[place] if name in shares}
            ways = Counter(message.target for message in plan.layers[place])
            for message in plan.layers[place]:
                weight, heard = ctx.known[place][message.relation], after[message.target]
                if ways[message.target] == 1 and message.source in before:  # then two passes over the nodes are saved
                    own = torch.dot(heard.flatten(), layers[place + 1][message.target].flatten()) / weight
                    before[message.source].addmm_(message.turned, heard, alpha=weight)
                else:
                    said = message.turned @ heard
                    own = torch.dot(said.flatten(), layers[place][message.source].flatten())
                    if message.source in before:
                        before[message.source].add_(said, alpha=weight)
                    else:
                        before[message.source] = said.mul_(weight)
                of_weights[place, message.relation] += own
            after = before
        return None, of_weights, torch.cat(list(after.values())).to(mean.dtype)
