"""The trainable part of a graph network that is not linear: PyTorch Geometric's convolutions over typed nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch_geometric.nn import HGTConv, SAGEConv

from kg.graph import USER, KnowledgeGraph
from kg.query import Weighting
from recsys.scorers.bridges import EVENTS
from recsys.scorers.propagation import Message, Plan
from recsys.scorers.shapes import Shape
from recsys.scorers.trainable import Trainable

States = dict[str, Tensor]
Layer = Callable[[States, Sequence[Message]], States]
"""What nodes hear: from the states of all types, float32 (n, size) each, those of the types that anything is told."""
_HEADS = 4


class Convolved(Trainable):
    """`Trainable` whose embeddings are the mean of e⁰ and what `layers` make of it, one on top of the other.

    Users, who have no e⁰, are zeros at first. Those of the layers' own parameters that change anything stand among
    `parameters` by their places.
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        weighting: Weighting,
        lasting: Weighting,
        shape: Shape,
        device: torch.device,
        made: Callable[[Sequence[Message], int], nn.Module],
    ) -> None:
        super().__init__(graph, weighting, lasting, shape, device)
        self.plan = Plan.of(graph, self.bridges, shape.n_layers, device)
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(shape.seed)
            self.layers = nn.ModuleList(made(messages, shape.size) for messages in self.plan.layers).to(device)
        own = dict(self.layers.named_parameters())
        heard = torch.autograd.grad(self.propagated().sum(), list(own.values()), allow_unused=True)
        used = [name for name, gradient in zip(own, heard, strict=True) if gradient is not None]  # HGT has others too
        self.parameters |= {name.replace(".", "/"): own[name] for name in used}

    def propagated(self, kept: Tensor | None = None, hidden: Tensor | None = None) -> Tensor:
        plan = self.plan if kept is None else self.plan.without(list(self.bridges).index(EVENTS), kept)
        nodes = self.first(hidden)
        states = {name: nodes[place] for name, place in plan.places.items()}
        states[USER] = nodes.new_zeros(self.n_users, nodes.shape[1])
        total: Tensor = nodes
        for place, (layer, messages) in enumerate(zip(self.layers, plan.layers, strict=True)):
            if place:  # between two layers, so that e is not of positive numbers alone
                states = {name: state.relu() for name, state in states.items()}
            states = states | layer(states, messages)
            total = total + torch.cat([states[name] for name in plan.places])
        return total / (len(plan.layers) + 1)


class RGCN(nn.Module):
    """h'_t = W_t h_t + b_t + Σ over relations r into type t: Â_r h W_r, Â_r as LightGCN has it.

    Schlichtkrull et al., "Modeling relational data with graph convolutional networks", ESWC 2018.
    """

    def __init__(self, messages: Sequence[Message], size: int) -> None:
        super().__init__()
        alone = {"root_weight": False, "bias": False}
        self.heard = nn.ModuleList(SAGEConv((size, size), size, "sum", **alone) for _ in messages)
        self.own = nn.ModuleDict({str(place): nn.Linear(size, size) for place in range(len(_types(messages)))})

    def forward(self, states: States, messages: Sequence[Message]) -> States:
        own = zip(_types(messages), self.own.values(), strict=True)
        heard = {name: linear(states[name]) for name, linear in own}
        for message, convolution in zip(messages, self.heard, strict=True):
            heard[message.target] = heard[message.target] + convolution((states[message.source], None), message.matrix)
        return heard


class HGT(nn.Module):
    """What is heard by attention, its keys, values and queries by type of node and relation.

    Hu et al., "Heterogeneous graph transformer", WWW 2020; how often and how lately two met does not count.
    """

    def __init__(self, messages: Sequence[Message], size: int) -> None:
        super().__init__()
        ends = sorted({end for message in messages for end in (message.source, message.target)})
        self.heard = HGTConv(size, size, (ends, _ways(messages)), heads=_HEADS)

    def forward(self, states: States, messages: Sequence[Message]) -> States:
        edges = {way: _edges(m.matrix) for way, m in zip(_ways(messages), messages, strict=True)}
        known = {name: states[name] for name in self.heard.node_types}
        return {name: state for name, state in self.heard(known, edges).items() if name in _types(messages)}


def _ways(messages: Sequence[Message]) -> list[tuple[str, str, str]]:
    """PyG's names of relations, which must differ: their places."""
    return [(message.source, str(place), message.target) for place, message in enumerate(messages)]


def _types(messages: Sequence[Message]) -> list[str]:
    """The types that anything is told, sorted."""
    return sorted({message.target for message in messages})


def _edges(matrix: Tensor) -> Tensor:
    """The ends of a matrix's edges that are not 0, from column to row: int64 (2, edges)."""
    starts = matrix.crow_indices().long()
    rows = torch.repeat_interleave(torch.arange(len(starts) - 1, device=starts.device), starts.diff())
    there = matrix.values() != 0
    return torch.stack([matrix.col_indices().long(), rows])[:, there]
