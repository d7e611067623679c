"""What everybody did, as a matrix of users and items that item-to-item scorers learn from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import TIMELESS, Weighting
from recsys.linear import LinearScorer
from recsys.operators import power


class ItemToItem(LinearScorer):
    """A linear scorer that learns from `strongest` alone, with events halved every `train_half_life` days.

    Each item's score is multiplied by degree^output_power · demand; `degrees_` float32 (n_items,) are the sums of the
    interactions by item. Of an item without any it has no opinion.
    """

    EMPHASIS: ClassVar[frozenset[str]] = LinearScorer.EMPHASIS | {"output_power"}

    train_half_life: float | None
    output_power: float
    degrees_: NDArray[np.float32]

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        return power(self.degrees_, self.output_power) * super().emphasis(graph)

    def _interactions(self, graph: KnowledgeGraph) -> csr_array[np.float32]:
        """What is learned from, csr float32 (n_users, n_items); sets all of the state but the operator."""
        X = strongest(graph, replace(self.weighting, half_life=self.train_half_life))
        self.degrees_ = np.asarray(X.sum(axis=0), dtype=np.float32)
        self.opinion_ = self.degrees_ > 0
        self.emphasis_ = self.emphasis(graph)
        return X


def weightiest(graph: KnowledgeGraph, weighting: Weighting) -> Relation | None:
    """The relation of the kind of event that weighs most (by name among equals); None where no event weighs."""
    relations = sorted(name for name, edges in graph.relations.items() if name[::2] == (USER, ITEM) and len(edges))
    best = max(relations, key=lambda name: weighting.of_kind(name[1]), default=None)
    return best if best and weighting.of_kind(best[1]) > 0 else None


def strongest(graph: KnowledgeGraph, weighting: Weighting) -> csr_array[np.float32]:
    """Each pair's strongest event: csr float32 (n_users, n_items), in order.

    With a half-life that is the latest event. A pair bought ten times then counts as one bought once and lately: what
    goes together is a question of whether, not of how often.
    """
    total: Any = csr_array((graph.n_users, graph.n_items), dtype=np.float32)
    for relation in weighing(graph, weighting):
        total = total.maximum(strongest_of(graph, relation, weighting))
    total.eliminate_zeros()
    total.sort_indices()
    return total.tocsr()


def weighing(graph: KnowledgeGraph, weighting: Weighting) -> list[Relation]:
    """The relations of the kinds of event that weigh anything, where there are events."""
    return [name for name in graph.event_relations if weighting.of_kind(name[1]) > 0 and len(graph.relations[name])]


def strongest_of(graph: KnowledgeGraph, relation: Relation, weighting: Weighting) -> csr_array[np.float32]:
    """`strongest` by the events of one kind alone."""
    edges = graph.relations[relation]
    ages = np.where(edges.time == TIMELESS, 0, graph.now - edges.time)
    weight = np.float32(weighting.of_kind(relation[1])) * edges.weight * weighting.decay(ages)
    sources = edges.sources
    new_pair = (np.diff(sources, prepend=-1) != 0) | (np.diff(edges.indices, prepend=-1) != 0)
    first = np.flatnonzero(new_pair)  # parallel edges lie side by side
    best = np.maximum.reduceat(weight, first)
    return csr_array((best, (sources[first], edges.indices[first])), (graph.n_users, graph.n_items))
