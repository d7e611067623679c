"""A graph network that is not linear, of PyTorch Geometric's convolutions: a contender of `LightGCN`.

The same messages, losses and training; a score is still a sum over the events of the query, but of learned links alone:
no walk of the graph accounts for what went through a threshold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import STRICT
from recsys.scorers.network import Network
from recsys.scorers.shapes import Batch, Shape, memory

if TYPE_CHECKING:
    import torch

    from recsys.scorers.trainable import Trainable

_BYTES = 4
_COPIES = {"rgcn": 4, "hgt": 12}  # of all states, for every layer and relation
_OF_EDGES = {"rgcn": 0, "hgt": 5}  # of the states of an edge's two ends


@dataclass(config=STRICT)
class HeteroGNN(Network):
    """`Network` with e = mean over l ≤ n_layers of eˡ, between which all that is negative is 0.

    `convolution` is "rgcn", a matrix for each relation and layer, or "hgt", attention; see `convolutions`.
    """

    convolution: Literal["rgcn", "hgt"] = "rgcn"
    name: str = "hetero_gnn"

    def _model(self, graph: KnowledgeGraph, lasting: Weighting, shape: Shape, device: torch.device) -> Trainable:
        from recsys.scorers.convolutions import HGT, RGCN, Convolved

        made = {"rgcn": RGCN, "hgt": HGT}[self.convolution]
        return Convolved(graph, self.weighting, lasting, shape, device, made)

    def _memory(self, graph: KnowledgeGraph, shape: Shape, batch: Batch) -> int:
        states = _COPIES[self.convolution] * graph.n_nodes * len(graph.relations)
        edges = 2 * _OF_EDGES[self.convolution] * sum(map(len, graph.relations.values()))
        return memory(graph, shape, batch) + _BYTES * shape.n_layers * shape.size * (states + edges)
