"""The process that shapes are validated in: it holds the triples, can be stopped at any moment, and can open nothing.

It is told the shapes in one line of JSON, answers whether they can be read, is sent the triples, and answers again.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pyshacl
import rdflib
from pyparsing import ParseBaseException
from rdflib import RDF, SH
from rdflib.collection import Collection

from kg.confined import confine, say, stop_after

# Loads all that a validation needs, before no file can be opened any more.
_WARM_UP = """@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
<urn:shape> a sh:NodeShape ; sh:targetNode <urn:node> ;
    sh:property [ sh:path ( rdf:value [ sh:inversePath rdf:value ] ) ; sh:minCount 1 ] ;
    sh:sparql [ sh:select "SELECT $this WHERE { FILTER EXISTS { $this ?p ?o } }" ] .
"""
_STEPS = {SH.inversePath: "^{}", SH.zeroOrMorePath: "{}*", SH.oneOrMorePath: "{}+", SH.zeroOrOnePath: "{}?"}


def main() -> None:
    """Read, check, load, validate."""
    warnings.simplefilter("ignore")
    request = json.loads(sys.stdin.buffer.readline())
    _report(rdflib.Graph(), _read(rdflib.Graph().parse(data=_WARM_UP, format="turtle").serialize(format="nt")))
    confine(request["memory"])
    try:
        stop_after(request["timeout"])
        shapes = _read(request["shapes"])
        _report(rdflib.Graph(), shapes)  # nothing is in it: what this raises is wrong with the shapes
        stop_after(0)
        say({})
        told = rdflib.Graph().parse(sys.stdin.buffer, format="nt")
        stop_after(request["timeout"])
        say({"groups": _groups(_report(told, shapes), shapes, request["limit"])})
    except (ParseBaseException, RuntimeError, ValueError, OSError, SyntaxError) as error:
        say({"error": getattr(error, "message", None) or str(error)})


def _read(shapes: str) -> rdflib.Graph:
    return rdflib.Graph().parse(data=shapes, format="nt")


def _report(told: rdflib.Graph, shapes: rdflib.Graph) -> rdflib.Graph:
    """The validation report; raises what is wrong with the shapes."""
    _, report, _ = pyshacl.validate(told, shacl_graph=shapes, inplace=True)
    if isinstance(report, BaseException):
        raise report
    return report


def _groups(report: rdflib.Graph, shapes: rdflib.Graph, limit: int) -> list[dict[str, Any]]:
    """The results of each shape and constraint: how many there are, and the first `limit` of them; by name."""
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for result in report.subjects(RDF.type, SH.ValidationResult):
        shape, constraint, severity = (
            report.value(result, each) for each in (SH.sourceShape, SH.sourceConstraintComponent, SH.resultSeverity)
        )
        groups.setdefault((str(shape), str(constraint), str(severity)), []).append(result)
    told = []
    for (_, constraint, severity), results in groups.items():
        found = sorted(_told(report, result) for result in results)
        shape = report.value(results[0], SH.sourceShape)
        told.append(
            {
                "name": _name(shapes, shape) or found[0][1] or str(shape),
                "constraint": constraint,
                "severity": severity,
                "count": len(found),
                "results": list(islice(found, limit)),
            }
        )
    return sorted(told, key=lambda group: (group["name"], group["constraint"], group["severity"], group["results"]))


def _told(report: rdflib.Graph, result: Any) -> tuple[str, str, str, str]:
    """Focus node, path, value and message, as texts; what there is none of is empty."""
    path, value = report.value(result, SH.resultPath), report.value(result, SH.value)
    texts = (report.value(result, SH.focusNode), value, report.value(result, SH.resultMessage))
    focus, value, message = ("" if term is None else str(term) for term in texts)
    return focus, "" if path is None else _path(report, path), value, message


def _path(graph: rdflib.Graph, path: Any) -> str:
    """A property path as SPARQL writes it."""
    if isinstance(path, rdflib.URIRef):
        return f"<{path}>"
    if graph.value(path, RDF.first) is not None:
        return "/".join(_parts(graph, path))
    if (either := graph.value(path, SH.alternativePath)) is not None:
        return f"({'|'.join(_parts(graph, either))})"
    return next(
        (form.format(_path(graph, inner)) for step, form in _STEPS.items() if (inner := graph.value(path, step))), ""
    )


def _parts(graph: rdflib.Graph, start: Any) -> Iterator[str]:
    return (_path(graph, part) for part in Collection(graph, start))


def _name(shapes: rdflib.Graph, shape: Any) -> str:
    """What a shape is called by its author, or else by its IRI."""
    named = shapes.value(shape, SH.name) or shapes.value(shape, rdflib.RDFS.label)
    return str(named or ("" if isinstance(shape, rdflib.BNode) else shape))


if __name__ == "__main__":
    main()
