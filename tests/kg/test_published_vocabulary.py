"""The vocabulary that is published is the one that graphs are told in."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, XSD

from kg.graph import Edges, KnowledgeGraph, numbered
from kg.triples import triples
from kg.vocabulary import NAMESPACE, iri, node_of

PAGE = Path(__file__).parents[2] / "docs" / "vocabulary.ttl"


@pytest.fixture(scope="module")
def published() -> rdflib.Graph:
    return rdflib.Graph().parse(PAGE)


def test_every_word_of_a_graph_is_published_and_no_other(published: rdflib.Graph) -> None:
    nodes = numbered({"user": (("ann",), ("Ann",)), "item": (("mug",), ("Mug",))})
    edges = Edges.of_rows([(0, 0, 7, 2.0, 0), (0, 0, 9, 1.0, 0)], 1)
    told = rdflib.Graph().parse(
        data="".join(triples(KnowledgeGraph(nodes, {("user", "buys", "item"): edges}, 5, 9))), format="nt"
    )
    used = {str(term) for triple in told for term in triple if str(term).startswith(NAMESPACE)}
    known = {str(term) for term in published.subjects() if str(term) not in (NAMESPACE, f"{NAMESPACE}Graph")}
    assert used == known
    for predicate, value in told.predicate_objects():
        if isinstance(value, rdflib.Literal) and str(predicate) in known:
            assert published.value(predicate, RDFS.range) == (value.datatype or XSD.string)


def test_every_word_is_explained(published: rdflib.Graph) -> None:
    kinds = {OWL.Class, OWL.DatatypeProperty, OWL.ObjectProperty, OWL.NamedIndividual, OWL.Ontology}
    for term in set(published.subjects()):
        assert kinds & set(published.objects(term, RDF.type))
        assert published.value(term, RDFS.label).language == "en"
        assert len(published.value(term, RDFS.comment)) > 20


@pytest.mark.parametrize(
    ("kind", "node"), [("item", "a:b/../é😀\n"), ("odd:type", ""), ("item", "urn:cartograph:node:x")]
)
def test_a_node_is_found_by_its_iri(kind: str, node: str) -> None:
    assert node_of(iri("node", kind, node)) == (kind, node)
    assert node_of(iri("type", kind)) is None
    assert node_of("http://elsewhere.example/") is None
