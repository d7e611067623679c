"""A graph as a file for other programs, written line after line: no size of graph has to fit in memory."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kg.errors import KgError
from kg.files import replacing
from kg.graph import KnowledgeGraph
from kg.graphml import graphml
from kg.triples import triples
from kg.vocabulary import PREFIXES


def write(graph: KnowledgeGraph, path: Path) -> None:
    """As Turtle, N-Triples or GraphML, by the ending of the file's name; KgError for any other."""
    with replacing(path) as temporary:
        match path.suffix:
            case ".ttl":
                _turtle(graph, temporary)
            case ".nt":
                _lines(triples(graph), temporary)
            case ".graphml":
                _lines(graphml(graph), temporary)
            case other:
                raise KgError("no such kind of file", value=other, fix="End --out in .ttl, .nt or .graphml.")


def _lines(lines: Iterable[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)


def _turtle(graph: KnowledgeGraph, path: Path) -> None:
    """By way of N-Triples beside it."""
    from pyoxigraph import RdfFormat, parse, serialize

    plain = path.with_suffix(".nt.tmp")
    try:
        _lines(triples(graph), plain)
        told = (quad.triple for quad in parse(path=plain, format=RdfFormat.N_TRIPLES))
        serialize(told, path, RdfFormat.TURTLE, prefixes=PREFIXES)
    finally:
        plain.unlink(missing_ok=True)
