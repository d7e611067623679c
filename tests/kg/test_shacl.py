"""What does not conform to shapes is told in the shop's words; shapes can do no harm."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyshacl
import pytest
import rdflib
from rdflib import SH

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.shacl import shapes_file, validate
from kg.triples import count_triples, triples
from kg.vocabulary import iri

PREFIXES = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix type: <urn:cartograph:type:> .
@prefix relation: <urn:cartograph:relation:> . @prefix feature: <urn:cartograph:feature:> .
@prefix node: <urn:cartograph:node:> . @prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
ODD = 'a "b"\n=1/../é😀'


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    items = ("mug", "pot", ODD)
    nodes = numbered(
        {"user": (("ann",), ("Ann",)), "item": (items, ("Red mug", "pot", "Odd")), "brand": (("acme",), ("Acme",))}
    )
    relations = {
        ("user", "purchase", "item"): Edges.of_rows([(0, 0, 7, 1.0, 0), (0, 1, 9, 1.0, 0)], 1),
        ("item", "brand", "brand"): Edges.of_rows([(0, 0, 2**31 - 1, 1.0, 0)], 3),
    }
    features = {"item": {"price": np.array([2.5, -1, np.nan], np.float32), "available": np.array([True, False, True])}}
    return KnowledgeGraph(nodes, relations, 1_700_000_000, 91, ("events",), features)


def shapes(folder: Path, text: str, name: str = "shapes.ttl") -> Path:
    path = folder / name
    path.write_text(PREFIXES + text, encoding="utf-8")
    return path


EVERY = """
<urn:s> a sh:NodeShape ; sh:targetClass type:item ; sh:closed false ;
    sh:property [ sh:name "price" ; sh:path feature:price ; sh:minExclusive 0.0 ; sh:maxCount 1 ] ,
        [ sh:path relation:brand ; sh:minCount 1 ; sh:class type:brand ; sh:severity sh:Warning ] ,
        [ sh:path ( relation:brand rdfs:label ) ; sh:hasValue "Acme" ; sh:severity sh:Info ] ,
        [ sh:path [ sh:inversePath relation:purchase ] ; sh:minCount 1 ; sh:message "Never sold." ] ,
        [ sh:path feature:available ; sh:hasValue true ; sh:datatype xsd:boolean ] ,
        [ sh:path rdfs:label ; sh:in ( "Red mug" "Odd" ) ; sh:datatype xsd:string ; sh:maxLength 10 ] ;
    sh:sparql [ sh:message "{$this} is dear: {?value}" ;
        sh:select "SELECT $this ?value { $this <urn:cartograph:feature:price> ?value FILTER(?value > 2) }" ] .
<urn:all> a sh:NodeShape ; sh:targetSubjectsOf relation:purchase ; sh:not [ sh:property [ sh:path rdfs:label ;
    sh:pattern "^A" ] ] .
"""


def test_results_are_those_of_a_validation_in_memory(graph: KnowledgeGraph, tmp_path: Path) -> None:
    found = validate(graph, shapes(tmp_path, EVERY))
    told = rdflib.Graph().parse(data="".join(triples(graph)), format="nt")
    _, report, _ = pyshacl.validate(told, shacl_graph=rdflib.Graph().parse(data=PREFIXES + EVERY, format="turtle"))
    severities = {SH.Violation: "error", SH.Warning: "warning", SH.Info: "information"}
    wanted = sorted(
        (str(report.value(each, SH.focusNode)), severities[report.value(each, SH.resultSeverity)])
        for each in report.subjects(rdflib.RDF.type, SH.ValidationResult)
    )
    ours = sorted((iri("node", each["type"], each["id"]), own.severity) for own in found for each in own.results)
    assert ours == wanted
    assert sum(each.count for each in found) == len(wanted) == 10


def test_findings_speak_of_the_shops_nodes(graph: KnowledgeGraph, tmp_path: Path) -> None:
    found = {(each.check, each.meaning): each for each in validate(graph, shapes(tmp_path, EVERY))}
    (price,) = (each for (name, _), each in found.items() if name == "shape price")
    assert (price.severity, price.count, price.failed) == ("error", 1, True)
    assert price.examples == ("pot (item:pot): feature:price = -1.0",)
    assert price.results[0].items() >= {"type": "item", "id": "pot", "path": "feature:price", "value": "-1.0"}.items()
    (unsold,) = (each for (_, meaning), each in found.items() if meaning == "Never sold.")
    assert unsold.check == "shape ^relation:purchase"
    assert unsold.results[0]["id"] == ODD
    (brand,) = (each for (name, _), each in found.items() if name == "shape relation:brand")
    assert brand.meaning == "Against sh:minCount."
    assert brand.examples[1].startswith("pot (item:pot): relation:brand: Less than 1")
    severities = {each.check: each.severity for each in found.values()}
    assert severities["shape relation:brand"] == "warning"
    assert severities["shape relation:brand/rdfs:label"] == "information"
    (dear,) = (each for (name, _), each in found.items() if name == "shape urn:s")
    assert "is dear: 2.5" in dear.meaning


def test_what_conforms_is_one_finding_that_counts_nothing(graph: KnowledgeGraph, tmp_path: Path) -> None:
    text = "<urn:s> a sh:NodeShape ; sh:targetClass type:user ; sh:property [ sh:path rdfs:label ; sh:minCount 1 ] ."
    (finding,) = validate(graph, shapes(tmp_path, text))
    assert (finding.check, finding.count, finding.failed) == ("shapes of shapes.ttl", 0, False)


def test_findings_of_nameless_shapes_come_in_one_order(graph: KnowledgeGraph, tmp_path: Path) -> None:
    names = [f"rule {n}" for n in range(6)]
    each = " , ".join(f'[ sh:name "{name}" ; sh:path rdfs:seeAlso ; sh:minCount 1 ]' for name in reversed(names))
    found = validate(graph, shapes(tmp_path, f"[] a sh:NodeShape ; sh:targetClass type:item ; sh:property {each} ."))
    assert [each.check for each in found] == [f"shape {name}" for name in names]


def test_the_shapes_that_come_along(graph: KnowledgeGraph) -> None:
    found = {each.check: each for each in validate(graph, shapes_file("shop"))}
    assert found.keys() == {"shape title", "shape price", "shape category"}
    assert [each["id"] for each in found["shape title"].results] == ["pot"]
    assert [each["id"] for each in found["shape price"].results] == ["pot"]
    assert found["shape category"].count == 3


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("sh:property [ sh:path rdfs:label ; sh:minCount 1 ]", False),
        ("sh:property [ sh:path relation:purchase ; sh:minCount 1 ]", True),
        ("sh:closed true ; sh:ignoredProperties ( relation:purchase )", True),
        ('sh:sparql [ sh:select "SELECT $this { $this ?p $this }" ]', True),
    ],
)
def test_events_are_told_where_shapes_may_ask_of_them(
    graph: KnowledgeGraph, tmp_path: Path, text: str, events: bool
) -> None:
    said: list[str] = []
    validate(
        graph, shapes(tmp_path, f"<urn:s> a sh:NodeShape ; sh:targetNode node:user:ann ; {text} ."), say=said.append
    )
    (n_triples,) = (int(each.split()[1]) for each in said if each.startswith("loading"))
    assert n_triples == count_triples(graph, None if events else [("item", "brand", "brand")], graph.event_relations)


def test_a_node_that_is_not_in_the_graph(graph: KnowledgeGraph, tmp_path: Path) -> None:
    text = (
        "<urn:s> a sh:NodeShape ; sh:targetNode node:item:none ; sh:property [ sh:path rdfs:label ; sh:minCount 1 ] ."
    )
    (finding,) = validate(graph, shapes(tmp_path, text))
    assert finding.examples[0].startswith("node:item:none: rdfs:label")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.ttl", "<urn:s> a sh:NodeShape ; sh:targetClass", "malformed RDF"),
        ("s.ttl", "<urn:s> rdfs:label 'no shape' .", "no shape"),
        ("s.ttl", "<urn:s> a sh:NodeShape ; sh:targetClass type:item ; sh:property [ sh:minCount 1 ] .", "cannot"),
        ("s.ttl", '<urn:s> a sh:NodeShape ; sh:targetClass type:item ; sh:sparql [ sh:select "SELECT {" ] .', "cannot"),
        ("s.csv", "", "from RDF"),
    ],
)  # fmt: skip
def test_shapes_that_are_wrong(graph: KnowledgeGraph, tmp_path: Path, name: str, text: str, told: str) -> None:
    path = shapes(tmp_path, text, name)
    with pytest.raises(KgError, match=told) as error:
        validate(graph, path)
    assert error.value.file == path
    assert error.value.bad_input
    assert error.value.fix
    if "malformed" in told:
        assert (error.value.row, error.value.column) == (5, "40")


def test_shapes_that_are_not_there(graph: KnowledgeGraph) -> None:
    with pytest.raises(KgError, match="no such file") as error:
        validate(graph, shapes_file("shopp"))
    assert "shop" in error.value.fix


def test_imports_and_types_that_are_not_there_are_told(graph: KnowledgeGraph, tmp_path: Path) -> None:
    said: list[str] = []
    text = "<urn:s> a sh:NodeShape ; sh:targetClass type:product ; owl:imports <http://127.0.0.1/shapes> ."
    validate(graph, shapes(tmp_path, text), say=said.append)
    assert any("'product'" in each for each in said)
    assert any("is not imported" in each for each in said)


def test_the_process_of_a_validation_can_open_no_connection() -> None:
    """Even where shapes hold a query that asks elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        text = f"""{PREFIXES}<urn:s> a sh:NodeShape ; sh:targetNode <urn:n> ; owl:imports <{address}> ;
            sh:sparql [ sh:select "SELECT $this {{ SERVICE <{address}> {{ ?s ?p ?o }} }}" ] ."""
        told = rdflib.Graph().parse(data=text, format="turtle").serialize(format="nt")
        request = {"shapes": told, "limit": 1, "timeout": 60, "memory": 1 << 32}
        done = subprocess.run(
            [sys.executable, "-m", "kg.shacl_child"],
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


def test_a_validation_that_takes_too_long_is_stopped(graph: KnowledgeGraph, tmp_path: Path) -> None:
    every = " ".join(f"?s{place} ?p{place} ?o{place} ." for place in range(9))
    text = f"""<urn:s> a sh:NodeShape ; sh:targetClass type:user ;
        sh:sparql [ sh:select "SELECT $this (COUNT(*) AS ?n) {{ {every} }} GROUP BY $this" ] ."""
    with pytest.raises(KgError, match="longer than 2 seconds") as error:
        validate(graph, shapes(tmp_path, text), timeout=2)
    assert error.value.bad_input is False
    assert "--timeout" in error.value.fix
