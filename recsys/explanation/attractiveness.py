"""How attractive paths are: how recent what they begin with, how popular what they pass, and how unlike one another.

Balloccu, Boratto, Fenu & Marras, "Post processing recommender systems with knowledge graphs for recency, popularity,
and diversity of explanations", SIGIR 2022; by the definitions of the library hopwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import TIMELESS, Query
from recsys.explanation.deletion import degrees_of
from recsys.summands import MANY, Path
from recsys.types import Explanation

DECAY = 0.3
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Attractiveness:
    """Of the paths of one graph."""

    graph: KnowledgeGraph

    def recency(self, query: Query) -> dict[int, float]:
        """Of every node that one person's events touch, 0 … 1: her times in order, averaged as they come.

        r(1) = t(1), r(i) = (1 − DECAY) · r(i − 1) + DECAY · t(i), stretched to 0 … 1; a node has the time of its last
        event. `query` has one row. Nothing where no two times differ.
        """
        dated = np.flatnonzero(query.times != TIMELESS)
        last: dict[int, int] = {}
        for node, time in zip(query.nodes[dated].tolist(), query.times[dated].tolist(), strict=True):
            last[node] = max(last.get(node, time), time)
        nodes = sorted(last, key=lambda node: (last[node], node))
        stretched = averaged(np.array([last[node] for node in nodes], dtype=np.float64))
        return dict(zip(nodes, stretched.tolist(), strict=False))

    @cached_property
    def popularity(self) -> Floats:
        """Of every node, 0 … 1, float64 (n_nodes,): the degrees of its type in order, averaged as they come."""
        degrees = self._degrees
        found = np.zeros(self.graph.n_nodes)
        for nodes in self.graph.nodes.values():
            own = degrees[nodes.start : nodes.range.stop].astype(np.float64)
            order = np.argsort(own, kind="stable")
            stretched = averaged(own[order])
            found[nodes.start + order[: len(stretched)]] = stretched
        return found

    @cached_property
    def n_types(self) -> int:
        """How many relations can lead to an item as the last step of a path."""
        to_items = [name for name in self.graph.relations if name[2] == ITEM]
        from_items = [name for name in self.graph.relations if name[0] == ITEM and name[2] != USER]
        return len(to_items) + len(from_items)

    def of_list(self, query: Query, paths: Sequence[Path]) -> dict[str, list[float]]:
        """Of the paths of one person's list, the strongest of each item that has one: `query` is hers, of one row.

        recency     of what each begins with (linking interaction recency)
        popularity  of the last node each passes before the item, where that is a named one (shared entity popularity)
        diversity   how many last steps there are, of so many as there can be in the list (path type diversity): one
        """
        recent = self.recency(query)
        passed = [path.nodes[-2] for path in paths if len(path.nodes) > 2 and path.nodes[-2] != MANY]
        types = {path.relations[-1] for path in paths if path.relations}
        typed = sum(bool(path.relations) for path in paths)
        return {
            "recency": [recent[path.nodes[0]] for path in paths if path.nodes[0] in recent],
            "popularity": self.popularity[passed].tolist(),
            "diversity": [len(types) / min(typed, self.n_types)] if typed else [],
        }

    @cached_property
    def _degrees(self) -> NDArray[np.int64]:
        """The edges of every node, either way."""
        degrees = degrees_of(self.graph)
        for (source, _, _), edges in self.graph.relations.items():
            nodes = self.graph.nodes[source]
            degrees[nodes.start : nodes.range.stop] += np.diff(edges.indptr)
        return degrees


def strongest_path(told: Explanation) -> Path | None:
    """The path that most of a score goes, whichever scorers walk it; None: no path speaks for it."""
    sums: dict[Path, float] = {}
    for block in told.columns.blocks:
        if block.kind == "path":
            for way, value in enumerate(block.of_ways.tolist()):
                path = block.path(way)
                if path is not None:
                    alike = Path(path.nodes, path.relations)
                    sums[alike] = sums.get(alike, 0.0) + value
    best = max(sums, key=lambda path: sums[path], default=None)
    return best if best is not None and sums[best] > 0 else None


def averaged(values: Floats) -> Floats:
    """Each the exponentially weighted mean of those up to it, stretched to 0 … 1; none where all are the same."""
    if not len(values) or values[0] == values[-1]:
        return np.empty(0)
    means = np.empty(len(values))
    mean = values[0]
    for place, value in enumerate(values.tolist()):
        mean = value if place == 0 else (1 - DECAY) * mean + DECAY * value
        means[place] = mean
    return np.asarray((means - means[0]) / (means[-1] - means[0]))
