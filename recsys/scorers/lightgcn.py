"""A linear graph neural network over the whole typed graph, in which users have no parameters.

He et al., "LightGCN: simplifying and powering graph convolution network for recommendation", SIGIR 2020, with two
changes: the graph is heterogeneous, with a weight for each relation and layer, and a user is her query, so that a new
user needs no training.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.deadline import NEVER, Deadline
from recsys.linear import STRICT, Weighed
from recsys.operators import Factors, column
from recsys.scorers.meeting import Meetings, Step, walkable
from recsys.scorers.network import Network
from recsys.scorers.shapes import Batch, Precision, Shape, memory
from recsys.summands import Summands

if TYPE_CHECKING:
    import torch

    from recsys.scorers.embeddings import Embeddings

_LEAST = 1e-3  # of all that an event gives: a walk that is worth less is left to the link


@dataclass(config=STRICT)
class LightGCN(Network):
    """`Network` with e = mean over l ≤ n_layers of eˡ, each a layer of `propagation` on the one before.

    Beside e⁰ the relations' weights are learned. Since all is linear, a score is walks of the graph, those from the
    query and from the item that meet at a node, and beside them one learned link per event. With `precision` "bfloat16"
    messages are half as long while training; a GPU alone can do that.

    step_names_    the relations as steps, both ways; steps_ their matrices; step_places_ their places in relations_
    relations_     float32 (n_layers, R), logarithms of the weights; squares_ float32 (n_nodes,), ‖e⁰‖²
    type_names_    the node types; type_starts_ where each begins, and the number of nodes
    """

    precision: Precision = "float32"
    name: str = "lightgcn"

    def _model(self, graph: KnowledgeGraph, lasting: Weighting, shape: Shape, device: torch.device) -> Embeddings:
        from recsys.scorers.embeddings import Embeddings

        return Embeddings(graph, self.weighting, lasting, replace(shape, precision=self.precision), device)

    def _memory(self, graph: KnowledgeGraph, shape: Shape, batch: Batch) -> int:
        return memory(graph, shape, batch)

    def _remember(self, graph: KnowledgeGraph, model: Embeddings) -> None:  # type: ignore[override]  # its own
        found = walkable(graph, self.weighting, model.bridges)
        self.step_names_ = tuple(relation for relation, _, _ in found)
        self.steps_: tuple[csr_array, ...] = tuple(matrix for _, matrix, _ in found)
        self.step_places_ = tuple(place for _, _, place in found)
        self.relations_: NDArray[np.float32]
        self.squares_: NDArray[np.float32]
        self.relations_, self.squares_ = model.learned()
        self.type_names_ = tuple(graph.nodes)
        self.type_starts_ = (*(nodes.start for nodes in graph.nodes.values()), graph.n_nodes)

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """The walks from the events' nodes that meet walks from the item, and what is learned beside them."""
        assert isinstance(self.operator_, Factors)
        nodes = events.touched
        meetings = events.once("meetings", lambda: self._meetings(nodes, events.deadline))
        rest = column(self.operator_, nodes, item).astype(np.float64)
        least = _LEAST * np.abs(rest)
        length = float(self.operator_.left[items.start + item, -1]) if self.similarity == "cosine" else 1.0
        for walk in meetings.walks(item):
            values = walk.worth / max(length, 1e-12)
            told = np.flatnonzero(np.abs(values) > least[walk.rows])
            if len(told):
                rest -= np.bincount(walk.rows[told], values[told], minlength=len(nodes))
                ways = (walk.rows[told], values[told], walk.nodes[told], walk.relations, walk.counts[told])
                yield events.summands(self.name, "path", *ways)
        left = np.flatnonzero(rest)
        yield events.summands(self.name, "link", left, rest[left])

    def _meetings(self, nodes: NDArray[np.int64], deadline: Deadline = NEVER) -> Meetings:
        weights = np.exp(self.relations_.astype(np.float64))
        steps = [
            Step(*relation, matrix, weights[:, place].tolist())
            for relation, matrix, place in zip(self.step_names_, self.steps_, self.step_places_, strict=True)
        ]
        ranges = map(range, self.type_starts_[:-1], self.type_starts_[1:])
        types = dict(zip(self.type_names_, ranges, strict=True))
        return Meetings(steps, self.squares_, types, len(weights), nodes, deadline)
