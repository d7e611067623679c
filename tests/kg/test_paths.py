"""Neighbours and shortest walks, against networkx and a walk over every edge."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.paths import Walk, neighbours, shortest_walks
from tests.kg.graphs import graphs


def steps(graph: KnowledgeGraph) -> list[tuple[int, str, int]]:
    """Every edge both ways."""
    found = []
    for (source, name, target), edges in graph.relations.items():
        heads, tails = edges.sources + graph.nodes[source].start, edges.indices + graph.nodes[target].start
        for head, tail in zip(heads.tolist(), tails.tolist(), strict=True):
            found += [(head, name, tail), (tail, f"rev_{name}", head)]
    return found


@settings(deadline=None, max_examples=50)
@given(graphs(), st.data())
def test_neighbours_are_counted_by_relation(graph: KnowledgeGraph, data: st.DataObject) -> None:
    node = data.draw(st.integers(0, graph.n_nodes - 1))
    wanted: Counter[tuple[str, str, int]] = Counter()
    for head, name, tail in steps(graph):
        if head == node:
            wanted[name, graph.type_of(tail).name, tail] += 1
    found = {
        (part.relation[1], part.relation[2], tail): count
        for part in neighbours(graph, node, n=100)
        for tail, count in part.top
    }
    assert found == wanted
    for part in neighbours(graph, node, n=1):
        own = [count for (name, kind, _), count in wanted.items() if (name, kind) == part.relation[1:]]
        assert (part.edges, part.nodes, part.top[0][1]) == (sum(own), len(own), max(own))


@settings(deadline=None, max_examples=100)
@given(graphs(), st.data())
def test_shortest_walks_are_those_of_networkx(graph: KnowledgeGraph, data: st.DataObject) -> None:
    node = st.integers(0, graph.n_nodes - 1)
    start, end = data.draw(node), data.draw(node)
    walks = shortest_walks(graph, start, end, n=10_000)
    every = set(steps(graph))
    plain = nx.Graph((head, tail) for head, _, tail in every)
    plain.add_nodes_from(range(graph.n_nodes))
    wanted = set(map(tuple, nx.all_shortest_paths(plain, start, end))) if nx.has_path(plain, start, end) else set()
    assert {walk.nodes for walk in walks} == wanted
    n_labelled = 0
    for nodes in wanted:
        ways = 1
        for pair in pairwise(nodes):
            ways *= sum((head, tail) == pair for head, _, tail in every)
        n_labelled += ways
    assert len(set(walks)) == len(walks) == n_labelled
    for walk in walks:
        assert all((a, name, b) in every for (a, b), name in zip(pairwise(walk.nodes), walk.relations, strict=True))
    assert shortest_walks(graph, start, end, n=2) == walks[:2]


def test_a_walk_reads_both_ways() -> None:
    nodes = numbered({"user": (["a", "b"], ["Ann", "Bob"]), "item": (["m"], ["Mug"])})
    rows = [(0, 0, 1, 1.0, 0), (1, 0, 2, 1.0, 0)]
    graph = KnowledgeGraph(nodes, {("user", "purchase", "item"): Edges.of_rows(rows, 2)}, 0, 3)
    (walk,) = shortest_walks(graph, 0, 1)
    assert walk.text(graph) == "Ann —purchase→ Mug ←purchase— Bob"
    assert shortest_walks(graph, 2, 2) == (Walk((2,), ()),)
    with pytest.raises(KgError, match="no such node") as error:
        shortest_walks(graph, 0, 3)
    assert error.value.fix
