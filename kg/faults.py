"""What may be wrong with a graph, each found by counting: one function each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.ids import Index
from kg.query import TIMELESS

BROADER = "broader"
HUB_SHARE = 0.5  # of a relation's sources: a node that more of them share tells little about any of them
SINGLE_SHARE = 0.95  # of items with one value: the others are then likely to be wrong
EXAMPLES = 5


@dataclass(frozen=True)
class Window:
    """A graph that may not know the future: none of its events may lie at `end` (unix seconds) or later."""

    name: str
    graph: KnowledgeGraph
    end: int


@dataclass(frozen=True)
class Checked:
    """What is checked: the graph of everything, the graphs of earlier windows, and the files that are damaged."""

    graph: KnowledgeGraph
    windows: tuple[Window, ...] = ()
    damaged: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Found:
    """A count and the names of what was counted, of which the first few are made."""

    count: int = 0
    names: Iterable[str] = field(default=())


def files(checked: Checked) -> Found:
    """What is damaged on disk."""
    return Found(len(checked.damaged), map(str, checked.damaged))


def cycles(checked: Checked) -> Found:
    """Strongly connected parts with an edge inside; one cycle of each is named."""
    cycles = []
    for relation in _taxonomies(checked.graph):
        start = checked.graph.nodes[relation[0]].start
        matrix = checked.graph.matrix(relation)
        _, part = connected_components(matrix, connection="strong")
        sources = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
        inside = part[sources] == part[matrix.indices]
        onward = dict(zip(sources[inside].tolist(), matrix.indices[inside].tolist(), strict=True))
        for first in {int(part[node]): node for node in sorted(onward, reverse=True)}.values():
            seen: dict[int, int] = {}
            node = first
            while node not in seen:  # every node of such a part has a way on within it
                seen[node] = len(seen)
                node = onward[node]
            ring = [*list(seen)[seen[node] :], node]
            cycles.append(" → ".join(named(checked.graph, start + each) for each in ring))
    return Found(len(cycles), cycles)


def roots(checked: Checked) -> Found:
    """Nodes that others lie below and that lie below none, where there are several."""
    found: list[int] = []
    for relation in _taxonomies(checked.graph):
        matrix = checked.graph.matrix(relation)
        above = np.bincount(matrix.indices, minlength=matrix.shape[0]) > 0
        roots = np.flatnonzero(above & (np.diff(matrix.indptr) == 0)) + checked.graph.nodes[relation[0]].start
        found += roots.tolist() if len(roots) > 1 else []
    return _nodes(checked.graph, found)


def orphans(checked: Checked) -> Found:
    """Items of which no fact is known."""
    graph = checked.graph
    return _untouched(graph, [relation for relation in graph.relations if relation not in graph.event_relations])


def cold(checked: Checked) -> Found:
    """Items that are in no event."""
    return _untouched(checked.graph, checked.graph.event_relations)


def hubs(checked: Checked) -> Found:
    """Nodes that more than `HUB_SHARE` of a relation's sources share; a taxonomy has its tops."""
    graph, hubs = checked.graph, []
    for relation in sorted({*graph.relations} - {*_taxonomies(graph)}):
        matrix = graph.matrix(relation)
        n_sources = int((np.diff(matrix.indptr) > 0).sum())
        holds = np.bincount(matrix.indices, minlength=matrix.shape[1])
        for node in np.flatnonzero((holds > HUB_SHARE * n_sources) & (n_sources > 1)).tolist():
            share = f"{holds[node] / n_sources:.0%} of {relation[1]}"
            hubs.append(f"{named(graph, graph.nodes[relation[2]].start + node)}: {share}")
    return Found(len(hubs), hubs)


def contradictions(checked: Checked) -> Found:
    """Items with several values where `SINGLE_SHARE` of those that have one have no second."""
    graph = checked.graph
    found: list[str] = []
    for relation in _facts_of_items(graph):
        values = np.diff(graph.matrix(relation).indptr)
        if (values == 1).sum() >= SINGLE_SHARE * (values > 0).sum():
            items = np.flatnonzero(values > 1).tolist()
            found += [f"{named(graph, graph.nodes[ITEM].start + item)}: {values[item]} {relation[1]}" for item in items]
    return Found(len(found), found)


def duplicates(checked: Checked) -> Found:
    """Items that repeat an earlier one: the same title, letters' case and spaces aside, and the same facts."""
    graph, items = checked.graph, checked.graph.nodes[ITEM]
    titled: dict[str, list[int]] = defaultdict(list)
    for item, title in enumerate(items.labels):
        titled[" ".join(str(title).casefold().split())].append(item)
    facts = [graph.matrix(relation) for relation in _facts_of_items(graph)]
    found = []
    for same in titled.values():
        first: dict[tuple[bytes, ...], int] = {}
        for item in same if len(same) > 1 else ():
            known = tuple(each.indices[each.indptr[item] : each.indptr[item + 1]].tobytes() for each in facts)
            if first.setdefault(known, item) != item:
                found.append(f"{named(graph, items.start + item)} = {items.ids.ids[first[known]]}")
    return Found(len(found), found)


def parallel(checked: Checked) -> Found:
    """Events that repeat another: user, item, kind and second."""
    graph, count, names = checked.graph, 0, []
    for relation in graph.event_relations:
        edges = graph.relations[relation]
        columns = (edges.sources, edges.indices, edges.time)
        again = np.all([column[1:] == column[:-1] for column in columns], axis=0) & (edges.time[1:] != TIMELESS)
        places = np.flatnonzero(again) + 1
        count += len(places)
        for place in places[:EXAMPLES]:
            user, item = graph.nodes[USER].start + edges.sources[place], graph.nodes[ITEM].start + edges.indices[place]
            names.append(f"{named(graph, user)} —{relation[1]}→ {named(graph, item)}")
    return Found(count, names)


def leakage(checked: Checked) -> Found:
    """Edges of a window's graph that lie at its end or later: events, and what is derived from them."""
    count, names = 0, []
    for window in checked.windows:
        graph = window.graph
        for relation, edges in graph.relations.items():
            late = np.flatnonzero((edges.time != TIMELESS) & (edges.time >= window.end - graph.epoch))
            count += len(late)
            for place in late[:EXAMPLES]:
                source = graph.nodes[relation[0]].start + edges.sources[place]
                names.append(f"{window.name}: {relation[1]} of {named(graph, source)}")
    return Found(count, names)


def _taxonomies(graph: KnowledgeGraph) -> list[Relation]:
    return [relation for relation in graph.relations if relation[1] == BROADER and relation[0] == relation[2]]


def _facts_of_items(graph: KnowledgeGraph) -> list[Relation]:
    return [relation for relation in graph.relations if relation[0] == ITEM]


def _untouched(graph: KnowledgeGraph, relations: Iterable[Relation]) -> Found:
    """The items that none of the relations touches."""
    touched: NDArray[np.bool_] = np.zeros(graph.n_items, dtype=bool)
    for relation in relations:
        edges = graph.relations[relation]
        if relation[0] == ITEM:
            touched |= np.diff(edges.indptr) > 0
        if relation[2] == ITEM:
            touched[edges.indices] = True
    return _nodes(graph, np.flatnonzero(~touched) + graph.nodes[ITEM].start)


def _nodes(graph: KnowledgeGraph, nodes: Iterable[int] | Index) -> Found:
    found = list(nodes)
    return Found(len(found), (named(graph, node) for node in found))


def named(graph: KnowledgeGraph, node: int) -> str:
    """Label and id, for people: `Red mug (item:85123A)`."""
    return f"{graph.label(node)} ({graph.type_of(node).name}:{graph.id(node)})"
