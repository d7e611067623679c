"""What is drawn around a node, and what is only counted."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.graph import USER, Edges, KnowledgeGraph, numbered
from kg.neighbourhood import neighbourhood
from kg.paths import neighbours
from tests.kg.graphs import graphs


@pytest.fixture(scope="module")
def shop() -> KnowledgeGraph:
    """40 users bought mug 0; 30 mugs, of two brands, the first of which has 20."""
    users, items = [f"user {n}" for n in range(40)], [f"mug {n}" for n in range(30)]
    nodes = numbered({"user": (users, users), "item": (items, items), "brand": ("AB", ("Acme", "Best"))})
    bought = [(n, 0, n, 1.0, 0) for n in range(40)]
    return KnowledgeGraph(
        nodes,
        {
            ("user", "purchase", "item"): Edges.of_rows(bought, 40),
            ("user", "view", "item"): Edges.of_rows([*bought[:5], (0, 1, 3, 1.0, 0)], 40),
            ("item", "brand", "brand"): Edges.of_rows([(n, int(n >= 20), 9, 1.0, 0) for n in range(30)], 30),
            ("item", "like", "item"): Edges.of_rows([(0, 1, 9, 1.0, 0), (1, 2, 9, 1.0, 0)], 30),
        },
        0,
        99,
    )


@settings(deadline=None, max_examples=30)
@given(graphs(), st.data())
def test_one_step_shows_all_neighbours_but_users(graph: KnowledgeGraph, data: st.DataObject) -> None:
    node = data.draw(st.integers(0, graph.n_nodes - 1))
    found = neighbourhood(graph, node, fewest=1)
    parts = neighbours(graph, node, graph.n_nodes)
    wanted = {place for part in parts for place, _ in part.top if part.relation[2] != USER} - {node}
    assert sorted(spot.place for spot in found.spots if spot.place >= 0) == sorted({*wanted, node})
    counted = sum(spot.count or 0 for spot in found.spots if spot.place < 0)
    assert counted == sum(part.nodes - any(node == place for place, _ in part.top) for part in parts
                          if part.relation[2] == USER)  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(graphs(), st.data(), st.integers(1, 3), st.integers(1, 12))
def test_whatever_is_asked_for(graph: KnowledgeGraph, data: st.DataObject, hops: int, limit: int) -> None:
    node = data.draw(st.integers(0, graph.n_nodes - 1))
    found = neighbourhood(graph, node, hops, limit)
    spots = found.spots
    assert len(spots) <= limit + 1
    for at, spot in enumerate(spots[1:], 1):
        assert spot.depth == spots[spot.parent].depth + 1 <= hops
        assert spot.parent < at
    assert max(Counter(spot.place for spot in spots if spot.place >= 0).values()) == 1
    assert all(spot.type != USER for spot in spots[1:] if spot.place >= 0)
    for spot in spots[1:]:
        if spot.place >= 0:  # every line of the tree is an edge
            beside = neighbours(graph, spots[spot.parent].place, graph.n_nodes)
            ties = {(part.relation[1], edges) for part in beside for place, edges in part.top if place == spot.place}
            assert {*spot.steps} <= ties
    for source, target, name in found.links:
        beside = neighbours(graph, spots[source].place, graph.n_nodes)
        assert spots[target].place in {place for part in beside for place, _ in part.top if part.relation[1] == name}


def test_customers_are_counted_and_hubs_cut(shop: KnowledgeGraph) -> None:
    found = neighbourhood(shop, shop.node("brand", "A"), hops=2, limit=10)
    assert sum(spot.type == "item" and spot.place >= 0 for spot in found.spots) == 9
    (rest,) = (spot for spot in found.spots if spot.place < 0)
    assert (rest.count, rest.type) == (11, "item")
    whole = neighbourhood(shop, shop.node("brand", "A"), limit=20)
    assert [spot.count for spot in whole.spots] == [1] * 21
    mug = neighbourhood(shop, shop.node("item", "mug 0"))
    assert [(spot.steps[0][0], spot.count) for spot in mug.spots if spot.place < 0] == [
        ("rev_purchase", 40),
        ("rev_view", 5),
    ]
    few = neighbourhood(shop, shop.node("item", "mug 0"), fewest=6)
    assert [(spot.steps, spot.count) for spot in few.spots if spot.place < 0] == [
        ((("rev_purchase", 40),), 40),
        ((("rev_view", None),), None),
    ]
    assert [(relation[1], nodes) for relation, nodes, _ in few.relations if relation[2] == USER] == [
        ("rev_purchase", 40),
        ("rev_view", None),
    ]


def test_two_steps_are_a_tree_and_links(shop: KnowledgeGraph) -> None:
    found = neighbourhood(shop, shop.node("item", "mug 0"), hops=2)
    names = [shop.id(spot.place) if spot.place >= 0 else "" for spot in found.spots]
    brand, like = names.index("A"), names.index("mug 1")
    assert {(found.spots[brand].depth, found.spots[like].depth)} == {(1, 1)}
    assert (like, brand, "brand") in found.links
    assert found.spots[names.index("mug 2")].depth == 2
    assert len(names) == len({*names} - {""}) + 2
    assert len(found.children()[0]) == 4


def test_a_distance_that_has_no_room_is_left_out_and_told(shop: KnowledgeGraph) -> None:
    found = neighbourhood(shop, shop.node("brand", "A"), hops=3, limit=20)
    assert {spot.depth for spot in found.spots} == {0, 1}
    assert not found.cut  # nothing but customers, who are not drawn
    found = neighbourhood(shop, shop.node("item", "mug 1"), hops=2, limit=4)
    assert {spot.depth for spot in found.spots} == {0, 1}
    assert found.cut


def test_two_relations_to_one_node_are_one_spot(shop: KnowledgeGraph) -> None:
    found = neighbourhood(shop, shop.node("user", "user 0"))
    (mug,) = (spot for spot in found.spots if spot.place == shop.node("item", "mug 0"))
    assert mug.steps == (("purchase", 1), ("view", 1))
