"""The edges of a path against every walk of it, spelled out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.graph import Relation
from recsys.explanation.deletion import degrees_of
from recsys.explanation.path_edges import Pairs, alike, edges_of, merged, without
from recsys.types import MANY, Path

PURCHASE: Relation = ("user", "purchase", "item")


SHOPS = st.sets(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=20)
"""Who bought what."""


def shop(pairs: set[tuple[int, int]]) -> kg.KnowledgeGraph:
    events = pd.DataFrame([(f"u{u}", f"i{i}") for u, i in sorted(pairs)], columns=["user_id", "item_id"])
    facts = pd.DataFrame([(f"i{i}", "brand", f"b{i % 2}") for i in range(5)], columns=["head", "relation", "tail"])
    facts = facts.assign(head_type="item", tail_type="brand", literal=False)
    return kg.build(kg.Tables.of(events=events, facts=facts))


def spelled(graph: kg.KnowledgeGraph, pairs: Pairs) -> set[tuple[str, int, int]]:
    found = set()
    for (source, name, target), own in pairs.items():
        for pair in own.tolist():
            head, tail = divmod(pair, len(graph.nodes[target]))
            found.add((name, head + graph.nodes[source].start, tail + graph.nodes[target].start))
    return found


def all_of(graph: kg.KnowledgeGraph) -> dict[Relation, np.ndarray]:
    return {name: np.unique(edges.pairs(len(graph.nodes[name[2]]))) for name, edges in graph.relations.items()}


@settings(deadline=None, max_examples=40)
@given(SHOPS, st.data())
def test_every_edge_on_any_walk_of_the_path_and_no_other(bought: set[tuple[int, int]], data: st.DataObject) -> None:
    graph = shop(bought)
    items = graph.nodes["item"].range
    first, last, user = (data.draw(st.sampled_from(of)) for of in (items, items, graph.nodes["user"].range))
    relations = data.draw(st.sampled_from([("rev_purchase", "purchase"), ("brand", "rev_brand")]))
    path = Path((first, MANY, last), relations)
    edges = spelled(graph, all_of(graph))
    both = edges | {(f"rev_{name}", tail, head) for name, head, tail in edges}
    expected: set[tuple[str, int, int]] = set()
    for middle in range(graph.n_nodes):
        walk = [(name, *ends) for name, ends in zip(relations, pairwise((first, middle, last)), strict=True)]
        if both.issuperset(walk):
            expected |= {step if step in edges else (step[0][4:], step[2], step[1]) for step in walk}
    if expected:
        expected |= edges & {("purchase", user, first)}
    assert spelled(graph, edges_of(graph, user, path)) == expected


@settings(deadline=None, max_examples=40)
@given(SHOPS, st.data())
def test_others_are_as_many_and_none_of_those_taken(bought: set[tuple[int, int]], data: st.DataObject) -> None:
    graph = shop(bought)
    whole = all_of(graph)
    taken = {name: np.array(sorted(data.draw(st.sets(st.sampled_from(own.tolist()))))) for name, own in whole.items()}
    found = alike(graph, taken, degrees_of(graph), np.random.default_rng(0))
    for name, own in taken.items():
        others = found.get(name, np.empty(0, np.int64))
        assert not np.isin(others, own).any()
        assert np.isin(others, whole[name]).all()
        assert len(np.unique(others)) == len(others) == min(len(own), len(whole[name]) - len(own))


def test_others_have_the_same_degrees_where_there_are_such() -> None:
    """Five items of one buyer each and two of six: the only other one of six stands for one of six."""
    rows = [(f"u{n}", item) for item in ("a", "b") for n in range(6)] + [(f"u{n}", f"i{n}") for n in range(5)]
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(rows, columns=["user_id", "item_id"])))
    n, a, b = graph.n_items, *(graph.nodes["item"].ids.to_index(["a", "b"]))
    (others,) = alike(graph, {PURCHASE: np.array([a])}, degrees_of(graph), np.random.default_rng(0)).values()
    assert others[0] % n in (a, b)


@settings(deadline=None, max_examples=20)
@given(SHOPS, st.data())
def test_a_graph_without_some_edges_has_all_others(bought: set[tuple[int, int]], data: st.DataObject) -> None:
    graph = shop(bought)
    whole = all_of(graph)
    some = {name: st.sets(st.sampled_from(own.tolist())) for name, own in whole.items()}
    parts = [{name: np.array(sorted(data.draw(of)), np.int64) for name, of in some.items()} for _ in range(2)]
    left = spelled(graph, all_of(without(graph, merged(parts))))
    assert left == spelled(graph, whole) - spelled(graph, parts[0]) - spelled(graph, parts[1])
