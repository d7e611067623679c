"""SHACL shapes held against a graph, in a process of its own that reads nothing but both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kg.checks import Finding, Severity
from kg.confined import Work, loading, memory_for, started
from kg.errors import KgError
from kg.faults import EXAMPLES, named
from kg.graph import KnowledgeGraph, Relation
from kg.sources.files import RDF, SUFFIXES, suffix
from kg.sources.statements import statements
from kg.triples import count_triples, triples
from kg.vocabulary import iri, local, node_of, short

TIMEOUT = 300.0
LIMIT = 1000  # results of a shape that are told one by one
_SHIPPED = Path(__file__).parent / "shapes"
_SH = "http://www.w3.org/ns/shacl#"
_OWL_IMPORTS = "http://www.w3.org/2002/07/owl#imports"
_SEVERITIES: Mapping[str, Severity] = {f"{_SH}Warning": "warning", f"{_SH}Info": "information"}
_IRI = re.compile(r"<([^>]*)>")
_OPEN = ("select", "ask", "closed")
_BYTES_A_TRIPLE = 1500  # rdflib's; pyshacl on a store of pyoxigraph takes a fraction, and quadratic time
_MEND = "Mend the shapes."


def shapes_file(name: str) -> Path:
    """The shapes that come with the project under this name, or else the file at this path."""
    shipped = _SHIPPED / f"{name}.ttl"
    return shipped if shipped.exists() else Path(name)


def validate(
    graph: KnowledgeGraph,
    shapes: Path,
    *,
    timeout: float = TIMEOUT,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Finding, ...]:
    """A finding of every shape and constraint that something does not conform to; one that counts 0 where all does.

    The graph is told in the words of `kg.vocabulary`; events only where the shapes name their kind, are closed or hold
    a query, and then each pair of user and item without its times.

    shapes   an RDF file (SHACL Core and SHACL-SPARQL)
    timeout  seconds that the validation may run, loading not counted

    Raises KgError for a file that is malformed (with line and column), shapes that are wrong, and what takes too long
    or too much memory.
    """
    told, targets = _read(shapes, say)
    for kind in sorted(targets - {*graph.nodes}):
        say(f"{shapes}: the graph has no node of type {kind!r}, so what is said of them is not tried")
    relations = [each for each in graph.relations if each not in graph.event_relations or _may_ask(told, each)]
    n_triples = count_triples(graph, relations, graph.event_relations)
    request = {
        "shapes": told,
        "limit": LIMIT,
        "timeout": timeout,
        "memory": memory_for(n_triples, "Use a larger machine, or shapes that ask of no event.", _BYTES_A_TRIPLE),
    }
    work = Work(
        "the validation", timeout, "Make the shapes simpler", "Make the shapes simpler, or use a larger machine"
    )
    with started("kg.shacl_child") as child:
        read = work.exchange(child, [json.dumps(request) + "\n"])
        if "error" in read:
            raise KgError(f"the shapes cannot be used: {_shortened(read['error'])}", file=shapes, fix=_MEND)
        say(loading(n_triples, _BYTES_A_TRIPLE))
        found = work.exchange(child, triples(graph, relations, graph.event_relations), last=True)
    if "error" in found:
        raise KgError(f"the shapes cannot be used: {_shortened(found['error'])}", file=shapes, fix=_MEND)
    meaning = "Every node conforms to these shapes."
    return tuple(_finding(graph, group) for group in found["groups"]) or (
        Finding(f"shapes of {shapes.name}", "information", 0, (), meaning),
    )


def _read(path: Path, say: Callable[[str], None]) -> tuple[str, set[str]]:
    """The statements of a shapes file as N-Triples, and the types of nodes that are its targets."""
    from pyoxigraph import RdfFormat, serialize

    form = SUFFIXES.get(suffix(path))
    if not path.is_file():
        fix = f"Check the path, or name one of those that come along: {', '.join(_shipped())}."
        raise KgError("there is no such file of shapes", file=path, fix=fix)
    if form not in RDF:
        raise KgError("shapes are read from RDF", file=path, fix=f"End its name in .{', .'.join(sorted(RDF))}.")
    quads = [quad for block in statements(path, form) for quad in block]
    if not any(quad.predicate.value.startswith(_SH) for quad in quads):
        raise KgError("the file holds no shape of SHACL", file=path, fix=f"Its words begin with {_SH}.")
    for quad in quads:
        if quad.predicate.value == _OWL_IMPORTS:
            say(f"{path}: {quad.object} is not imported; what stands elsewhere is never read")
    text = serialize((quad.triple for quad in quads), format=RdfFormat.N_TRIPLES) or b""
    wanted = {quad.object.value for quad in quads if quad.predicate.value == f"{_SH}targetClass"}
    return text.decode(), {kind for each in wanted if (kind := local(each, "type"))}


def _may_ask(shapes: str, relation: Relation) -> bool:
    """Whether shapes may ask of a relation: they name it, or are of a kind that may ask of any."""
    return f"<{iri('relation', relation[1])}>" in shapes or any(f"<{_SH}{word}>" in shapes for word in _OPEN)


def _shipped() -> list[str]:
    return sorted(file.stem for file in _SHIPPED.glob("*.ttl"))


def _finding(graph: KnowledgeGraph, group: Mapping[str, Any]) -> Finding:
    results = [_result(graph, *texts) for texts in group["results"]]
    messages = {result["message"] for result in results}
    alike = len(messages) == 1
    constraint = group["constraint"].removeprefix(_SH).removesuffix("ConstraintComponent")
    return Finding(
        check=f"shape {_shortened(group['name'])}",
        severity=_SEVERITIES.get(group["severity"], "error"),
        count=group["count"],
        examples=tuple(_example(result, alike=alike) for result in results[:EXAMPLES]),
        meaning=messages.pop() if alike else f"Against sh:{constraint[:1].lower()}{constraint[1:]}.",
        results=tuple(results),
    )


def _result(graph: KnowledgeGraph, focus: str, path: str, value: str, message: str) -> dict[str, Any]:
    """What is wrong with one node, in the shop's words."""
    kind, node_id = node_of(focus) or ("", short(focus))
    return {
        "type": kind,
        "id": node_id,
        "node": _text(graph, focus),
        "path": _shortened(path),
        "value": "" if value == focus else _text(graph, value),
        "message": _shortened(message),
    }


def _example(result: Mapping[str, str], *, alike: bool) -> str:
    """Such as `Red mug (item:85123A): feature:price = -1`, and the message where messages differ."""
    said = " = ".join(filter(None, (result["path"], result["value"])))
    return ": ".join(filter(None, (result["node"], said, "" if alike else result["message"])))


def _text(graph: KnowledgeGraph, term: str) -> str:
    """Label and id of a node of the graph; any other term as short as it can be written."""
    place = node_of(term)
    known = place and place[0] in graph.nodes and graph.nodes[place[0]].ids.to_index(place[1:])[0] >= 0
    return named(graph, graph.node(*place)) if place and known else short(term)


def _shortened(text: str) -> str:
    """On one line, with IRIs as short as they can be written."""
    return _IRI.sub(lambda found: short(found[1]), " ".join(text.split()))
