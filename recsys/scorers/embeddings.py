"""The trainable part of LightGCN: embeddings of nodes, and a weight of every relation in every layer."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.scorers.bridges import EVENTS
from recsys.scorers.propagation import Plan, propagate
from recsys.scorers.shapes import Shape
from recsys.scorers.trainable import Trainable

Floats = NDArray[np.float32]


class Embeddings(Trainable):
    """`Trainable` with "relations" among its parameters, where there are layers.

    relations  the logarithm of each relation's weight in each layer, float32 (n_layers, R)

    Raises RecsysError where the device has no products of numbers of the shape's precision.
    """

    def __init__(
        self, graph: KnowledgeGraph, weighting: Weighting, lasting: Weighting, shape: Shape, device: torch.device
    ) -> None:
        if shape.precision != "float32" and device.type == "cpu":
            fix = 'Train on a GPU (--device cuda), or set precision = "float32".'
            raise RecsysError("only a GPU passes messages of half the length", value=shape.precision, fix=fix)
        super().__init__(graph, weighting, lasting, shape, device)
        self.plan = Plan.of(graph, self.bridges, shape.n_layers, device, getattr(torch, shape.precision))
        self.traffic = self.plan.traffic(shape.size)
        if shape.n_layers:
            weights = torch.zeros(shape.n_layers, len(self.bridges), device=device)
            self.parameters["relations"] = nn.Parameter(weights)

    def propagated(self, kept: Tensor | None = None, hidden: Tensor | None = None) -> Tensor:
        """The mean over the layers."""
        nodes = self.first(hidden)
        if "relations" not in self.parameters:
            return nodes
        plan = self.plan if kept is None else self.plan.without(list(self.bridges).index(EVENTS), kept)
        return propagate(plan, self.parameters["relations"].exp(), nodes)

    def learned(self) -> tuple[Floats, Floats]:
        """The logarithms of the relations' weights, (n_layers, R), and ‖e⁰‖² of all nodes, (n_nodes,); float32."""
        nodes = self.first().detach().square().sum(dim=1).cpu().numpy()
        weights = self.parameters.get("relations", torch.zeros(0, len(self.bridges))).detach().cpu().numpy()
        return weights, np.concatenate([np.zeros(self.n_users, np.float32), nodes])
