"""What is next to a node, and how two nodes hang together. Every relation can be walked both ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.edges import gather
from kg.graph import KnowledgeGraph, Relation
from kg.ids import Index

_UNREACHED = -1


@dataclass(frozen=True)
class Neighbours:
    """What one relation (`rev_…`: walked backwards) ties to a node.

    `edges` leave it towards `nodes` different nodes; `top` are those with the most edges: (node, edges).
    """

    relation: Relation
    edges: int
    nodes: int
    top: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Walk:
    """Nodes of the one numbering and the relations between them (one fewer)."""

    nodes: tuple[int, ...]
    relations: tuple[str, ...]

    def text(self, graph: KnowledgeGraph) -> str:
        """Such as `ann —purchase→ mug ←purchase— bob`."""
        parts = [graph.label(self.nodes[0])]
        for name, node in zip(self.relations, self.nodes[1:], strict=True):
            back = name.removeprefix("rev_")
            parts += [f"—{name}→" if back == name else f"←{back}—", graph.label(node)]
        return " ".join(parts)


@dataclass(frozen=True, eq=False)
class _Direction:
    """A relation walked one way; `indptr` may end before the last source."""

    relation: Relation
    indptr: NDArray[Any]
    targets: NDArray[np.int32]


def neighbours(graph: KnowledgeGraph, node: int, n: int = 5) -> tuple[Neighbours, ...]:
    """What is next to a node, by relation; the `n` nodes with the most edges, then by their place."""
    node_type = graph.type_of(node)
    local = np.array([node - node_type.start])
    found = []
    for direction in _directions(graph, node_type.name):
        places, counts = np.unique(direction.targets[gather(direction.indptr, local)[1]], return_counts=True)
        first = np.argsort(-counts, kind="stable")[:n]
        start = graph.nodes[direction.relation[2]].start
        top = tuple(zip((places[first] + start).tolist(), counts[first].tolist(), strict=True))
        if len(places):
            found.append(Neighbours(direction.relation, int(counts.sum()), len(places), top))
    return tuple(found)


def shortest_walks(graph: KnowledgeGraph, start: int, end: int, n: int = 10) -> tuple[Walk, ...]:
    """Up to `n` of the shortest walks from one node to another; none where they do not hang together.

    Breadth first from `start`, one gather per relation and step, so at most every edge is touched twice. Raises KgError
    for a node outside the graph.
    """
    for node in (start, end):
        graph.type_of(node)  # raises where there is none
    directions = tuple(_directions(graph))
    distance = np.full(graph.n_nodes, _UNREACHED, dtype=np.int32)
    distance[start] = 0
    frontier = np.array([start])
    step = 0
    while len(frontier) and distance[end] == _UNREACHED:
        step += 1
        reached = [_ends(graph, direction, frontier) for direction in directions]
        frontier = np.unique(np.concatenate([*reached, np.empty(0, np.int64)]))
        frontier = frontier[distance[frontier] == _UNREACHED]
        distance[frontier] = step
    if distance[end] == _UNREACHED:
        return ()
    walks: list[Walk] = []
    ahead = [Walk((end,), ())]  # a stack: walks grow backwards from the end, one step nearer to the start each
    while ahead and len(walks) < n:
        walk = ahead.pop()
        if walk.nodes[0] == start:
            walks.append(walk)
            continue
        before = distance[walk.nodes[0]] - 1
        longer = [
            Walk((node, *walk.nodes), (_reversed(direction.relation[1]), *walk.relations))
            for direction in directions
            for node in np.unique(_ends(graph, direction, np.array(walk.nodes[:1]))).tolist()
            if distance[node] == before
        ]
        ahead += reversed(longer)
    return tuple(walks)


def _directions(graph: KnowledgeGraph, start: str | None = None) -> Iterator[_Direction]:
    """All of them, or those that start at one type of nodes: no others are turned round."""
    for (source, name, target), edges in graph.relations.items():
        if start in (None, source):
            yield _Direction((source, name, target), edges.indptr, edges.indices)
        if start in (None, target):
            indptr, sources, _ = edges.reverse
            yield _Direction((target, _reversed(name), source), indptr, sources)


def _ends(graph: KnowledgeGraph, direction: _Direction, nodes: Index) -> Index:
    """Where one step in a direction leads from those of the nodes that are of its type."""
    source, target = graph.nodes[direction.relation[0]], graph.nodes[direction.relation[2]]
    own = nodes[(nodes >= source.start) & (nodes < source.start + len(source))] - source.start
    return direction.targets[gather(direction.indptr, own)[1]].astype(np.int64) + target.start


def _reversed(name: str) -> str:
    return name.removeprefix("rev_") if name.startswith("rev_") else f"rev_{name}"
