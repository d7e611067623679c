"""What a graph answers about itself, and what it refuses to be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.ids import IdMap
from kg.query import Weighting
from kg.stats import stats
from tests.kg.graphs import graphs


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_a_matrix_sums_parallel_edges_both_ways(graph: KnowledgeGraph) -> None:
    for relation, edges in graph.relations.items():
        source, name, target = relation
        wanted = np.zeros((len(graph.nodes[source]), len(graph.nodes[target])), np.float32)
        np.add.at(wanted, (edges.sources, edges.indices), edges.weight)
        np.testing.assert_allclose(graph.matrix(relation).toarray(), wanted)
        np.testing.assert_allclose(graph.matrix((target, f"rev_{name}", source)).toarray(), wanted.T)


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_interactions_are_the_event_relations_weighed(graph: KnowledgeGraph) -> None:
    weighting = Weighting(kinds={"purchase": 1.0, "has": 0.0})
    purchase = ("user", "purchase", "item")
    wanted = graph.matrix(purchase).toarray() if purchase in graph.relations else 0
    np.testing.assert_allclose(
        graph.interactions(weighting).toarray(), wanted + np.zeros((graph.n_users, graph.n_items))
    )


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_every_node_knows_its_type_id_and_label(graph: KnowledgeGraph) -> None:
    for name, node_type in graph.nodes.items():
        for place, (own, label) in enumerate(zip(node_type.ids.ids, node_type.labels, strict=True)):
            node = graph.node(name, own)
            assert node == node_type.start + place
            assert (graph.type_of(node).name, graph.id(node), graph.label(node)) == (name, own, label)


@settings(deadline=None, max_examples=20)
@given(graphs())
def test_stats_count(graph: KnowledgeGraph) -> None:
    told = stats(graph)
    assert sum(told["nodes"].values()) == graph.n_nodes
    assert sum(row["edges"] for row in told["relations"]) == sum(map(len, graph.relations.values()))
    assert told["hash"] == graph.hash


def small(target: str = "item", n_sources: int = 1, tail: int = 0) -> KnowledgeGraph:
    nodes = numbered({"user": (["ann"], ["Ann"]), "item": (["mug"], ["Red mug"])})
    edges = Edges.of(np.array([0]), np.array([tail]), n_sources)
    return KnowledgeGraph(nodes, {("user", "purchase", target): edges}, 0, 1)


@pytest.mark.parametrize("wrong", [{"target": "shop"}, {"n_sources": 2}, {"tail": 1}])
def test_edges_that_fit_no_nodes_are_an_error(wrong: dict[str, str | int]) -> None:
    with pytest.raises(KgError) as error:
        small(**wrong)  # type: ignore[arg-type]
    assert error.value.fix


def test_an_unknown_relation_or_node_is_named() -> None:
    assert small().find("rev_purchase") == ("item", "rev_purchase", "user")
    for ask in (lambda: small().find("sells"), lambda: small().node("item", "cup"), lambda: small().node("shop", "x")):
        with pytest.raises(KgError) as error:
            ask()
        assert error.value.fix


def test_an_id_twice_is_an_error() -> None:
    with pytest.raises(KgError, match="twice") as error:
        IdMap(np.array(["a", "b", "a"], dtype=object))
    assert error.value.value == "a"


def test_ids_outside_the_map_have_no_text() -> None:
    ids = IdMap(np.array(["a", "b"], dtype=object))
    assert ids.to_index(["b", "c"]).tolist() == [1, -1]
    with pytest.raises(IndexError):
        ids.to_ids(np.array([-1]))
