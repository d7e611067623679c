"""Neighbours and shortest walks, against networkx and a walk over every edge."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise, product

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import KgError
from kg.graph import USER, Edges, KnowledgeGraph, numbered
from kg.paths import MANY, Walk, neighbours, shortest_walks
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
    plainly = nx.all_shortest_paths(plain, start, end) if nx.has_path(plain, start, end) else []
    wanted: defaultdict[tuple[tuple[int, ...], tuple[str, ...]], list[tuple[int, ...]]] = defaultdict(list)
    for nodes in map(tuple, plainly):
        names = [[name for head, name, tail in every if (head, tail) == pair] for pair in pairwise(nodes)]
        inner = (MANY if graph.type_of(node).name == USER else node for node in nodes[1:-1])
        told = (*nodes[:1], *inner, *nodes[1:][-1:])
        for relations in product(*names):
            wanted[told, relations].append(nodes)
    counts = {way: tuple(len({*places}) for places in zip(*alike, strict=True)) for way, alike in wanted.items()}
    assert {(walk.nodes, walk.relations): walk.counts for walk in walks} == counts
    assert len(walks) == len(counts)
    assert shortest_walks(graph, start, end, n=2) == walks[:2]


def test_a_walk_reads_both_ways() -> None:
    nodes = numbered({"user": (["a", "b"], ["Ann", "Bob"]), "item": (["m"], ["Mug"])})
    rows = [(0, 0, 1, 1.0, 0), (1, 0, 2, 1.0, 0)]
    graph = KnowledgeGraph(nodes, {("user", "purchase", "item"): Edges.of_rows(rows, 2)}, 0, 3)
    (walk,) = shortest_walks(graph, 0, 1)
    assert walk.text(graph, fewest=5) == "Ann —purchase→ Mug ←purchase— Bob"
    assert shortest_walks(graph, 2, 2) == (Walk((2,), (), (1,)),)
    with pytest.raises(KgError, match="no such node") as error:
        shortest_walks(graph, 0, 3)
    assert error.value.fix


def test_customers_on_the_way_are_counted() -> None:
    users = [f"user {n}" for n in range(7)]
    nodes = numbered({"user": (users, users), "item": (["m", "p", "t"], ["Mug", "Pot", "Tea"])})
    rows = [(n, item, 1, 1.0, 0) for n in range(7) for item in ((0, 1) if n < 5 else (1, 2))]
    graph = KnowledgeGraph(nodes, {("user", "purchase", "item"): Edges.of_rows(rows, 7)}, 0, 3)
    (walk,) = shortest_walks(graph, 7, 8)
    assert walk.text(graph, fewest=5) == "Mug ←purchase— 5 customers —purchase→ Pot"
    assert walk.text(graph, fewest=6) == "Mug ←purchase— a few customers —purchase→ Pot"
    (walk,) = shortest_walks(graph, 0, 9)
    assert walk.text(graph, fewest=5) == "user 0 —purchase→ Pot ←purchase— a few customers —purchase→ Tea"
