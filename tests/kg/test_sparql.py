"""Answers, bound variables, and all that a query may not do."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from dataclasses import asdict

import numpy as np
import pytest
import rdflib

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.sparql import Answer, Scope, query
from kg.sparql_words import bound_terms, refuse
from kg.vocabulary import PREFIXES, short


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    nodes = numbered(
        {
            "user": (("ann", "bob"), ("Ann", "Bob")),
            "item": (("mug", 'a "b"\n=1/../é😀'), ("Red mug", "Odd")),
            "brand": (("acme",), ("Acme",)),
        }
    )
    relations = {
        ("user", "purchase", "item"): Edges.of(
            np.array([0, 0, 1]), np.array([0, 0, 1]), 2, None, np.array([0, 60, 90])
        ),
        ("item", "brand", "brand"): Edges.of(np.array([0]), np.array([0]), 2),
    }
    features = {"item": {"price": np.array([2.5, np.nan], np.float32), "available": np.array([True, False])}}
    return KnowledgeGraph(nodes, relations, 1_700_000_000, 91, ("events",), features)


def test_select_gives_rows_of_what_is_bound(graph: KnowledgeGraph) -> None:
    text = """SELECT ?id ?price ?available ?brand (1 AS ?one) WHERE { ?item a type:item ; dcterms:identifier ?id ;
        feature:available ?available . OPTIONAL { ?item feature:price ?price } OPTIONAL { ?item relation:brand ?brand }
    } ORDER BY DESC(?id)"""
    found = query(graph, text)
    assert found.columns == ("id", "price", "available", "brand", "one")
    assert found.rows == (
        {"id": "mug", "price": 2.5, "available": True, "brand": "urn:cartograph:node:brand:acme", "one": 1},
        {"id": 'a "b"\n=1/../é😀', "available": False, "one": 1},
    )
    assert short(found.rows[0]["brand"]) == "node:brand:acme"


def test_ask_is_true_or_false(graph: KnowledgeGraph) -> None:
    assert query(graph, "ASK { node:user:ann relation:purchase node:item:mug }").truth is True
    assert query(graph, "ASK { node:user:bob relation:purchase node:item:mug }").truth is False


@pytest.mark.parametrize("form", ["CONSTRUCT { ?s ?p ?o } WHERE", "DESCRIBE ?s"])
def test_construct_and_describe_give_turtle(graph: KnowledgeGraph, form: str) -> None:
    turtle = query(graph, f"{form} {{ ?s a type:item ; ?p ?o }}").turtle
    again = rdflib.Graph().parse(data=turtle, format="turtle")
    assert str(again.value(rdflib.URIRef("urn:cartograph:node:item:mug"), rdflib.RDFS.label)) == "Red mug"


def test_answers_are_cut_at_the_limit_and_say_so(graph: KnowledgeGraph) -> None:
    every = "SELECT ?s WHERE { ?s a ?type }"
    assert (len(query(graph, every, limit=2).rows), query(graph, every, limit=2).cut) == (2, True)
    n = len(query(graph, every).rows)
    assert query(graph, every, limit=n).cut is False
    assert query(graph, "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }", limit=1).cut is True


def test_how_much_is_loaded(graph: KnowledgeGraph) -> None:
    bought = "SELECT ?item WHERE { node:user:ann relation:purchase ?item }"
    at = "SELECT ?at WHERE { ?edge cg:time ?at ; rdf:subject node:user:ann } ORDER BY ?at"
    assert len(query(graph, bought).rows) == 1
    assert query(graph, bought, scope=Scope(events=False)).rows == ()
    moments = [row["at"] for row in query(graph, at, scope=Scope(times=True)).rows]
    assert moments == ["2023-11-14T22:13:20Z", "2023-11-14T22:14:20Z"]
    said: list[str] = []
    query(graph, "ASK {}", say=said.append)
    assert said == ["loading 26 triples, about 0 MB"]


@pytest.mark.parametrize("scope", [Scope(), Scope(events=False, times=True)])
def test_times_that_are_not_loaded_are_not_silently_none(graph: KnowledgeGraph, scope: Scope) -> None:
    for word in ("cg:time", f"<{PREFIXES['cg']}time>"):
        with pytest.raises(KgError, match="not loaded") as error:
            query(graph, f"SELECT ?at {{ ?e {word} ?at }}", scope=scope)
        assert "--times" in error.value.fix


@pytest.mark.parametrize(
    ("name", "value", "rows"),
    [
        ("item", "node:item:mug", 1),
        ("item", "<urn:cartograph:node:item:mug>", 1),
        ("label", "Red mug", 1),
        ("label", '"Red mug"', 1),
        ("label", '" } INSERT', 0),
        ("item", '"node:item:mug"', 0),
        ("price", "3", 0),
    ],
)
def test_variables_are_bound(graph: KnowledgeGraph, name: str, value: str, rows: int) -> None:
    text = "SELECT ?item ?label ?price { ?item rdfs:label ?label ; feature:price ?price }"
    assert len(query(graph, text, {name: value}).rows) == rows


def test_values_of_bound_variables_are_what_they_look_like() -> None:
    text = "ASK { ?a ?b ?c ?d ?e ?f }"
    given = {"a": "-3", "b": "2.5", "c": "1e3", "d": "true", "e": '"5"', "f": "urn:x"}
    kinds = [datatype.rpartition("#")[2] for _, datatype in bound_terms(given, text).values()]
    assert kinds == ["integer", "decimal", "double", "boolean", "string", "string"]


@pytest.mark.parametrize(
    ("bound", "told"),
    [({"other": "1"}, "no such variable"), ({"s": "node:item:a b"}, "not an IRI"), ({"s": "<mug>"}, "not an IRI"),
     ({"o": "1"}, "not selected")],
)  # fmt: skip
def test_a_variable_that_cannot_be_bound_is_an_error(graph: KnowledgeGraph, bound: dict[str, str], told: str) -> None:
    with pytest.raises(KgError, match=told) as error:
        query(graph, "SELECT ?s { ?s ?p ?o }", bound)
    assert error.value.column == "--bind"
    assert error.value.fix


@pytest.mark.parametrize(
    ("text", "row", "column"),
    [("SELECT ?x WHERE {\n  ?x ?y ", 2, "9"), ("SELECT ?x { ?x foo:bar ?y }", 1, "23"), ("", 1, "1")],
)
def test_an_error_says_where_it_is(graph: KnowledgeGraph, text: str, row: int, column: str) -> None:
    with pytest.raises(KgError, match="cannot be read") as error:
        query(graph, text)
    assert (error.value.row, error.value.column, error.value.bad_input) == (row, column, True)
    assert "[" not in error.value.problem


@pytest.mark.parametrize(
    "text",
    [
        "INSERT DATA { <urn:a> <urn:b> 1 }",
        "DELETE WHERE { ?s ?p ?o }",
        "LOAD <http://127.0.0.1/>",
        "clear all",
        "PREFIX a: <urn:a> # INSERT\nDrop all",
        "SELECT * { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }",
        "SELECT * { ?s ?p ?o.service silent ?o { ?s ?p ?o } }",
        "SELECT * { ?s ?p :.SERVICE<urn:a>{} }",
        "SELECT * { ?s ?p '''a'b\\''' SERVICE <urn:a> {} }",
        "SELECT * FROM <http://127.0.0.1/> { ?s ?p ?o }",
        "ASK FROM NAMED <file:///etc/passwd> { ?s ?p ?o }",
    ],
)
def test_what_changes_the_graph_or_reads_elsewhere_is_refused(graph: KnowledgeGraph, text: str) -> None:
    with pytest.raises(KgError, match=r"refused|is no query") as error:
        query(graph, text)
    assert error.value.bad_input
    assert error.value.row
    assert error.value.fix


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ?service { ?service ?from 'SERVICE <urn:a> {}' }",
        'SELECT ?s { ?s <urn:SERVICE> "INSERT \\" LOAD" } # FROM <urn:a>',
        'SELECT ?s { ?s a """SERVICE " FROM""", "x"@en-SERVICE }',
        "PREFIX service: <urn:x> SELECT ?s { ?s service:FROM service:LOAD . ?s ?p _:insert FILTER(?s<?p && ?p>1) }",
    ],
)
def test_words_within_texts_names_and_comments_are_no_keywords(graph: KnowledgeGraph, text: str) -> None:
    refuse(text)
    assert query(graph, text).rows == ()


def test_the_process_of_a_query_can_open_no_connection() -> None:
    """Even if a query got past the words that are refused."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        request = {
            "query": f"SELECT * {{ SERVICE <http://127.0.0.1:{port}/> {{ ?s ?p ?o }} }}",
            "bound": {}, "prefixes": {}, "limit": 1, "timeout": 10, "memory": 1 << 32,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", "kg.sparql_child"],
            input=json.dumps(request) + "\n",
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        server.settimeout(0.2)
        with pytest.raises(TimeoutError):
            server.accept()
    assert "error" in json.loads(done.stdout.splitlines()[-1])


def test_a_cross_product_is_stopped(graph: KnowledgeGraph) -> None:
    every = " ".join(f"?s{place} ?p{place} ?o{place} ." for place in range(9))
    with pytest.raises(KgError, match=r"longer than 0\.5 seconds") as error:
        query(graph, f"SELECT (COUNT(*) AS ?n) {{ {every} }}", timeout=0.5)
    assert error.value.bad_input is False
    assert "--timeout" in error.value.fix


def test_what_takes_too_much_memory_is_stopped(graph: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.confined.available", lambda: 600_000_000)
    every = " ".join(f"?s{place} ?p{place} ?o{place} ." for place in range(6))
    with pytest.raises(KgError, match="more memory than there is") as error:
        query(graph, f"SELECT * {{ {every} }} ORDER BY ?s1", timeout=60)
    assert error.value.bad_input is False
    monkeypatch.setattr("kg.confined.available", lambda: 1_000)
    with pytest.raises(KgError, match="as triples needs") as error:
        query(graph, "ASK {}")
    assert "--without-events" in error.value.fix


def test_depth_ends_in_a_clear_error(graph: KnowledgeGraph) -> None:
    with pytest.raises(KgError, match="nested too deeply"):
        query(graph, "ASK " + "{" * 100_000 + "}" * 100_000)


def test_an_answer_has_one_kind(graph: KnowledgeGraph) -> None:
    assert asdict(query(graph, "ASK {}")) == asdict(Answer(truth=True))
