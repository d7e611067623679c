"""What is next to a node, and how two nodes hang together. Every relation can be walked both ways.

Customers that a walk leads through are counted, never named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.customers import counted, said
from kg.edges import gather
from kg.graph import USER, KnowledgeGraph, Relation
from kg.ids import Index

MANY = -1
"""Stands in a walk for different nodes that were added up (other customers: never shown one by one)."""
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
    """Nodes of the one numbering, `MANY` for customers between the ends, and the relations between them (one fewer).

    counts  how many nodes stand in each place: 1, or so many customers
    """

    nodes: tuple[int, ...]
    relations: tuple[str, ...]
    counts: tuple[int, ...]

    def text(self, graph: KnowledgeGraph, fewest: int) -> str:
        """Such as `mug ←purchase— 14 customers —purchase→ teapot`; fewer customers than `fewest` are a few."""
        places = [
            graph.label(node) if node != MANY else f"{said(counted(count, fewest))} customers"
            for node, count in zip(self.nodes, self.counts, strict=True)
        ]
        parts = places[:1]
        for name, place in zip(self.relations, places[1:], strict=True):
            back = name.removeprefix("rev_")
            parts += [f"—{name}→" if back == name else f"←{back}—", place]
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

    Walks that differ only in the customers between the ends are one. Breadth first from `start`, one gather per
    relation and step, so at most every edge is touched twice. Raises KgError for a node outside the graph.
    """
    for node in (start, end):
        graph.type_of(node)  # raises where there is none
    directions = {direction.relation: direction for direction in _directions(graph)}
    distance = np.full(graph.n_nodes, _UNREACHED, dtype=np.int32)
    distance[start] = 0
    frontier = np.array([start])
    step = 0
    while len(frontier) and distance[end] == _UNREACHED:
        step += 1
        reached = [_ends(graph, direction, frontier) for direction in directions.values()]
        frontier = np.unique(np.concatenate([*reached, np.empty(0, np.int64)]))
        frontier = frontier[distance[frontier] == _UNREACHED]
        distance[frontier] = step
    if distance[end] == _UNREACHED:
        return ()
    walks: list[Walk] = []
    # a stack: walks grow backwards from the end, one step nearer to the start each; every place holds nodes for it
    ahead: list[tuple[tuple[Index, ...], tuple[Relation, ...]]] = [((np.array([end]),), ())]
    while ahead and len(walks) < n:
        places, steps = ahead.pop()
        before = distance[places[0][0]] - 1
        if before < 0:
            walks.append(_walk(graph, directions, places, steps))
            continue
        longer = []
        for direction in directions.values():
            source, name, target = direction.relation
            nodes = np.unique(_ends(graph, direction, places[0]))
            nodes = nodes[distance[nodes] == before]
            alike = [nodes] if target == USER and before else nodes[:, None]
            longer += [((own, *places), ((target, _reversed(name), source), *steps)) for own in alike if len(own)]
        ahead += reversed(longer)
    return tuple(walks)


def _walk(
    graph: KnowledgeGraph,
    directions: Mapping[Relation, _Direction],
    places: Sequence[Index],
    steps: Sequence[Relation],
) -> Walk:
    """The walk along some steps, from its start: of the nodes that a place holds those that are reached."""
    reached = [places[0]]
    for step, place in zip(steps, places[1:], strict=True):
        reached.append(np.intersect1d(_ends(graph, directions[step], reached[-1]), place))
    many = [False, *(step[2] == USER for step in steps[:-1]), False][: len(places)]
    nodes = tuple(MANY if hidden else int(own[0]) for own, hidden in zip(reached, many, strict=True))
    return Walk(nodes, tuple(name for _, name, _ in steps), tuple(map(len, reached)))


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
