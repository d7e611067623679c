"""What a linear graph network says of its scores: walks of the graph, and beside them one learned link per event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph, Relation
from recsys.linear import LinearScorer, Weighed
from recsys.operators import Factors, column
from recsys.scorers.meeting import Meetings, Step, walkable
from recsys.scorers.shapes import Similarity
from recsys.summands import Summands

_LEAST = 1e-3  # of all that an event gives: a walk that is worth less is left to the link


class Network(LinearScorer):
    """A scorer of Σ weight · (e_n · ê_i + …), ê as in `LightGCN`; its operator's left side is [e, ‖e‖] of all nodes."""

    reads_all_nodes: ClassVar[bool] = True

    similarity: Similarity
    step_names_: tuple[tuple[str, str, str], ...]
    step_places_: tuple[int, ...]
    steps_: tuple[csr_array, ...]
    relations_: NDArray[np.float32]
    squares_: NDArray[np.float32]
    type_names_: tuple[str, ...]
    type_starts_: tuple[int, ...]

    def _keep_walks(
        self,
        graph: KnowledgeGraph,
        bridges: Mapping[Relation, csr_array],
        relations: NDArray[np.float32],
        squares: NDArray[np.float32],
    ) -> None:
        """Set what explanations read.

        step_names_    the relations as steps, both ways; steps_ their matrices; step_places_ their places in relations_
        relations_     float32 (n_layers, R), logarithms of the weights; squares_ float32 (n_nodes,), ‖e⁰‖²
        type_names_    the node types; type_starts_ where each begins, and the number of nodes
        """
        found = walkable(graph, self.weighting, bridges)
        self.step_names_ = tuple(relation for relation, _, _ in found)
        self.steps_ = tuple(matrix for _, matrix, _ in found)
        self.step_places_ = tuple(place for _, _, place in found)
        self.relations_, self.squares_ = relations, squares
        self.type_names_ = tuple(graph.nodes)
        self.type_starts_ = (*(nodes.start for nodes in graph.nodes.values()), graph.n_nodes)

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """The walks from the events' nodes that meet walks from the item, and what is learned beside them."""
        assert isinstance(self.operator_, Factors)
        nodes = events.touched
        rest = column(self.operator_, nodes, item).astype(np.float64)
        least = _LEAST * np.abs(rest)
        length = float(self.operator_.left[items.start + item, -1]) if self.similarity == "cosine" else 1.0
        found: dict[tuple[str, ...], dict[tuple[int, ...], tuple[int, float, int]]] = {}
        for row, path, worth in self._meetings().ways(nodes, item):
            value = worth / max(length, 1e-12)
            if abs(value) > least[row]:
                rest[row] -= value
                alike = found.setdefault(path.relations, {})
                _, before, walks = alike.get(path.nodes, (row, 0.0, 0))
                alike[path.nodes] = (row, before + value, walks + path.count)
        for relations, alike in found.items():
            rows, worths, counts = zip(*alike.values(), strict=True)
            ways = (np.array(rows), np.array(worths), np.array(list(alike)), relations, np.array(counts))
            yield events.summands(self.name, "path", *ways)
        left = np.flatnonzero(rest)
        yield events.summands(self.name, "link", left, rest[left])

    def _meetings(self) -> Meetings:
        weights = np.exp(self.relations_.astype(np.float64))
        steps = [
            Step(*relation, matrix, weights[:, place].tolist())
            for relation, matrix, place in zip(self.step_names_, self.steps_, self.step_places_, strict=True)
        ]
        ranges = map(range, self.type_starts_[:-1], self.type_starts_[1:])
        types = dict(zip(self.type_names_, ranges, strict=True))
        return Meetings(steps, self.squares_.astype(np.float64), types, len(weights))
