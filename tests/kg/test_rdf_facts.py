"""Facts from an rdflib graph and into one."""

from __future__ import annotations

import pandas as pd
import rdflib

import kg
from kg.rdf_facts import facts_from_rdf, facts_to_rdf
from kg.source_config import Facts

TEXT = """@prefix r: <http://films.example/> . @prefix o: <http://words.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
r:Heat rdfs:label "Heat"@en ; o:director r:Mann ; o:minutes "0170"^^xsd:integer ; o:motto "na und"@de, "…" ;
    o:length "170"^^<http://units.example/minute> . r:Mann o:born r:Chicago .
"""
LINKS = {"http://films.example/Heat": "f1"}


def test_a_graph_becomes_facts_of_items() -> None:
    told = rdflib.Graph().parse(data=TEXT, format="turtle")
    facts = facts_from_rdf(told, ["f1"], LINKS, Facts(hops=1))
    assert set(facts[~facts["literal"]][["head", "relation", "tail"]].itertuples(index=False, name=None)) == {
        ("f1", "director", "http://films.example/Mann")
    }
    graph = kg.build(kg.Tables.of(pd.DataFrame({"user_id": ["ann"], "item_id": ["f1"]}), facts=facts))
    assert graph.label(graph.node("entity", "http://films.example/Mann")) == "Mann"
    assert graph.label(graph.node("item", "f1")) == "Heat"
    assert graph.provenances == ("events", "rdf")


def test_there_and_back_nothing_is_lost() -> None:
    first = facts_from_rdf(rdflib.Graph().parse(data=TEXT, format="turtle"), ["f1"], LINKS)
    told = facts_to_rdf(first)
    item = rdflib.URIRef("urn:cartograph:node:item:f1")
    assert (item, rdflib.URIRef("urn:cartograph:relation:director"), rdflib.URIRef("http://films.example/Mann")) in told
    assert (item, rdflib.URIRef("urn:cartograph:relation:motto"), rdflib.Literal("na und", lang="de")) in told
    predicates = {
        name: f"urn:cartograph:relation:{name}" for name in ("director", "minutes", "motto", "length", "born")
    }
    again = facts_from_rdf(told, ["f1"], {str(item): "f1"}, Facts(predicates=predicates))
    kept = ["head", "relation", "tail", "head_type", "tail_type", "literal"]
    assert set(again[kept].itertuples(index=False)) == set(first[kept].itertuples(index=False))


def test_ids_that_are_no_iris_are_kept_literally() -> None:
    ids = ['say "hi"', "two\nlines", "../../etc/passwd", "\u202eesrever", "🍵", "a b", "=1+1"]
    rows = [(node, "like", other, "item", "thing", False) for node, other in zip(ids, reversed(ids), strict=True)]
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail", "head_type", "tail_type", "literal"])
    told = facts_to_rdf(facts)
    again = rdflib.Graph().parse(data=told.serialize(format="turtle"), format="turtle")
    identifiers = again.objects(predicate=rdflib.URIRef("http://purl.org/dc/terms/identifier"))
    assert {str(each) for each in identifiers} == set(ids)
