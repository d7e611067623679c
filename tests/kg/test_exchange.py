"""There and back: what the other side can hold comes back the same."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pyoxigraph
import pytest
import rdflib
import torch
from hypothesis import assume, given, settings
from torch_geometric.data import HeteroData
from torch_geometric.transforms import ToUndirected

from kg.errors import KgError
from kg.exchange import from_networkx, from_pyg, from_rdf, to_networkx, to_pyg, to_rdf
from kg.graph import KnowledgeGraph
from kg.triples import count_triples, triples
from kg.vocabulary import NAMESPACE
from tests.kg.graphs import assert_equal, graphs


@settings(deadline=None)
@given(graphs())
def test_pyg_holds_everything(graph: KnowledgeGraph) -> None:
    data = to_pyg(graph)
    assert (data.num_nodes, data.num_edges) == (graph.n_nodes, sum(map(len, graph.relations.values())))
    assert_equal(from_pyg(data), graph)


@settings(deadline=None)
@given(graphs())
def test_networkx_holds_everything(graph: KnowledgeGraph) -> None:
    told = to_networkx(graph)
    assert told.number_of_edges() == sum(map(len, graph.relations.values()))
    assert_equal(from_networkx(told), graph)


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_rdf_holds_everything_but_relations_without_an_edge(graph: KnowledgeGraph) -> None:
    assume(all(map(len, graph.relations.values())))
    assert_equal(from_rdf(to_rdf(graph)), graph)


@settings(deadline=None, max_examples=20)
@given(graphs())
def test_rdf_survives_its_text_form(graph: KnowledgeGraph) -> None:
    told = to_rdf(graph)
    again = rdflib.Graph().parse(data=told.serialize(format="nt"), format="nt")
    assert from_rdf(again).hash == from_rdf(told).hash


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_triples_are_counted_without_being_written(graph: KnowledgeGraph) -> None:
    assert count_triples(graph) == len(list(triples(graph)))
    for some, bare in (([], ()), ([*graph.relations][:1], ()), (None, graph.relations)):
        assert count_triples(graph, some, bare) == len(list(triples(graph, some, bare)))


@settings(deadline=None, max_examples=20)
@given(graphs())
def test_no_line_is_written_twice_and_every_parser_reads_the_same(graph: KnowledgeGraph) -> None:
    lines = list(triples(graph))
    read = {str(triple) for triple in pyoxigraph.parse("".join(lines), format=pyoxigraph.RdfFormat.N_TRIPLES)}
    assert len(read) == len(to_rdf(graph)) == len(lines)


@settings(deadline=None, max_examples=20)
@given(graphs())
def test_every_pair_of_a_relation_is_one_triple(graph: KnowledgeGraph) -> None:
    told = to_rdf(graph)
    pairs = {
        (name, source, target, head, tail)
        for (source, name, target), edges in graph.relations.items()
        for head, tail in zip(edges.sources.tolist(), edges.indices.tolist(), strict=True)
    }
    triples = [triple for triple in told if str(triple[1]).startswith("urn:cartograph:relation:")]
    assert len(triples) == len(pairs)


def test_another_heterodata_becomes_a_graph() -> None:
    data = HeteroData()
    data["user"].num_nodes, data["item"].num_nodes = 2, 3
    data["user", "buys", "item"].edge_index = torch.tensor([[1, 0], [2, 0]])
    graph = from_pyg(ToUndirected()(data))
    assert graph.nodes["item"].ids.ids.tolist() == ["0", "1", "2"]
    np.testing.assert_array_equal(graph.matrix(("user", "buys", "item")).toarray(), [[1, 0, 0], [0, 0, 1]])
    np.testing.assert_array_equal(graph.matrix(("item", "rev_buys", "user")).toarray(), [[1, 0], [0, 0], [0, 1]])


def test_another_networkx_graph_becomes_a_graph() -> None:
    told = nx.MultiDiGraph()
    told.add_edge(("user", "ann"), ("item", "mug"), relation="buys")
    graph = from_networkx(told)
    assert graph.label(graph.node("item", "mug")) == "mug"
    assert graph.matrix(("user", "buys", "item")).toarray().tolist() == [[1]]


def test_a_networkx_graph_that_cannot_be_read_is_an_error() -> None:
    nameless, unrelated = nx.MultiDiGraph(), nx.MultiDiGraph()
    nameless.add_node("mug")
    unrelated.add_edge(("user", "ann"), ("item", "mug"))
    for told, value in ((nameless, "mug"), (unrelated, (("user", "ann"), ("item", "mug")))):
        with pytest.raises(KgError) as error:
            from_networkx(told)
        assert error.value.value == value
        assert error.value.fix


def test_rdf_written_by_hand_needs_no_more_than_nodes_and_triples() -> None:
    text = """@prefix n: <urn:cartograph:node:> . @prefix t: <urn:cartograph:type:> .
        @prefix r: <urn:cartograph:relation:> . @prefix dcterms: <http://purl.org/dc/terms/> .
        @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
        n:mug a t:item ; dcterms:identifier "mug" ; rdfs:label "Red mug" ; r:colour n:red .
        n:red a t:colour ; dcterms:identifier "red" ; rdfs:label "Red" ."""
    graph = from_rdf(rdflib.Graph().parse(data=text, format="turtle"))
    assert graph.matrix(("item", "colour", "colour")).toarray().tolist() == [[1]]
    assert graph.label(graph.node("item", "mug")) == "Red mug"


def test_rdf_of_another_vocabulary_is_an_error() -> None:
    foreign = rdflib.Graph().add((rdflib.URIRef(NAMESPACE + "a"), rdflib.RDF.type, rdflib.OWL.Class))
    with pytest.raises(KgError, match="no node") as error:
        from_rdf(foreign)
    assert "urn:cartograph:type" in error.value.fix
