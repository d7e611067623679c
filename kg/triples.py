"""A graph as lines of N-Triples, one after the other, so that no size of graph has to fit in memory as RDF."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import Edges, KnowledgeGraph, Relation
from kg.query import TIMELESS
from kg.vocabulary import DCTERMS, NAMESPACE, RDF, RDFS, XSD, iri

_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPECIAL = re.compile(r'["\\\x00-\x1f\x7f]')
_DATATYPES = {"f": f"{XSD}float", "b": f"{XSD}boolean"}
_GRAPH = f"<{NAMESPACE}graph>"
_A = f"<{RDF}type>"


def triples(
    graph: KnowledgeGraph, relations: Iterable[Relation] | None = None, bare: Container[Relation] = ()
) -> Iterator[str]:
    """The lines, in the words of `kg.vocabulary`.

    Of all `relations`, or of some; of those that are `bare` only that there is such a pair, no times and weights.
    """
    nodes = np.array([f"<{iri('node', name, node)}>" for name, own in graph.nodes.items() for node in own.ids.ids], "O")
    yield from _about_nodes(graph, nodes)
    edges = _Blank()
    for relation in graph.relations if relations is None else relations:
        yield from _pairs(graph, nodes, relation)
        if relation not in bare:
            yield from _about_edges(graph, nodes, relation, edges)
    yield from _about_graph(graph)


def count_triples(
    graph: KnowledgeGraph, relations: Iterable[Relation] | None = None, bare: Container[Relation] = ()
) -> int:
    """How many lines `triples` gives, without writing them."""
    known = sum(_known(values).sum() for kinds in graph.features.values() for values in kinds.values())
    total = 3 * graph.n_nodes + int(known) + 3 + 2 * len(graph.provenances)
    for relation in graph.relations if relations is None else relations:
        first, described = _spoken(graph.relations[relation])
        total += int(first.sum())
        if relation not in bare:
            timed = graph.relations[relation].time[described] != TIMELESS
            total += 6 * int(described.sum()) + int(timed.sum())
    return total


@dataclass
class _Blank:
    """Names of nodes that have none."""

    used: int = 0

    def __call__(self) -> str:
        self.used += 1
        return f"_:e{self.used}"


def _about_nodes(graph: KnowledgeGraph, nodes: NDArray[Any]) -> Iterator[str]:
    for name, node_type in graph.nodes.items():
        own = nodes[node_type.start : node_type.start + len(node_type)]
        kind = f"<{iri('type', name)}>"
        for node, node_id, label in zip(own, node_type.ids.ids, node_type.labels, strict=True):
            yield f"{node} {_A} {kind} .\n"
            yield f"{node} <{DCTERMS}identifier> {_text(node_id)} .\n"
            yield f"{node} <{RDFS}label> {_text(label)} .\n"
        for feature, values in graph.features.get(name, {}).items():
            predicate, datatype = iri("feature", feature), _DATATYPES.get(values.dtype.kind, f"{XSD}integer")
            said = _known(values)
            for node, value in zip(own[said], values[said].tolist(), strict=True):
                yield f'{node} <{predicate}> "{_number(value)}"^^<{datatype}> .\n'


def _pairs(graph: KnowledgeGraph, nodes: NDArray[Any], relation: Relation) -> Iterator[str]:
    heads, tails = _ends(graph, nodes, relation)
    first, _ = _spoken(graph.relations[relation])
    predicate = iri("relation", relation[1])
    for head, tail in zip(heads[first], tails[first], strict=True):
        yield f"{head} <{predicate}> {tail} .\n"


def _about_edges(graph: KnowledgeGraph, nodes: NDArray[Any], relation: Relation, blank: _Blank) -> Iterator[str]:
    edges, (heads, tails) = graph.relations[relation], _ends(graph, nodes, relation)
    _, described = _spoken(edges)
    predicate = iri("relation", relation[1])
    columns = (edges.time[described].tolist(), edges.weight[described].tolist(), edges.provenance[described].tolist())
    for head, tail, time, weight, code in zip(heads[described], tails[described], *columns, strict=True):
        edge = blank()
        yield f"{edge} {_A} <{NAMESPACE}Edge> .\n"
        yield f"{edge} <{RDF}subject> {head} .\n"
        yield f"{edge} <{RDF}predicate> <{predicate}> .\n"
        yield f"{edge} <{RDF}object> {tail} .\n"
        yield f'{edge} <{NAMESPACE}weight> "{_number(weight)}"^^<{XSD}double> .\n'
        yield f"{edge} <{NAMESPACE}provenance> {_text(graph.provenances[code])} .\n"
        if time != TIMELESS:
            moment = datetime.fromtimestamp(graph.epoch + time, UTC).isoformat().replace("+00:00", "Z")
            yield f'{edge} <{NAMESPACE}time> "{moment}"^^<{XSD}dateTime> .\n'


def _ends(graph: KnowledgeGraph, nodes: NDArray[Any], relation: Relation) -> tuple[NDArray[Any], NDArray[Any]]:
    edges = graph.relations[relation]
    starts = (graph.nodes[relation[0]].start, graph.nodes[relation[2]].start)
    return nodes[edges.sources + starts[0]], nodes[edges.indices + starts[1]]


def _about_graph(graph: KnowledgeGraph) -> Iterator[str]:
    yield f'{_GRAPH} <{NAMESPACE}epoch> "{graph.epoch}"^^<{XSD}integer> .\n'
    yield f'{_GRAPH} <{NAMESPACE}now> "{graph.now}"^^<{XSD}integer> .\n'
    places = [*(f"_:p{place}" for place in range(len(graph.provenances))), f"<{RDF}nil>"]
    yield f"{_GRAPH} <{NAMESPACE}provenances> {places[0]} .\n"
    for name, (place, following) in zip(graph.provenances, pairwise(places), strict=True):
        yield f"{place} <{RDF}first> {_text(name)} .\n"
        yield f"{place} <{RDF}rest> {following} .\n"


def _spoken(edges: Edges) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which edges are the first of their pair, and of which there is more to say than that there is such a pair."""
    sources = edges.sources
    first = np.ones(len(edges), dtype=bool)
    first[1:] = (sources[1:] != sources[:-1]) | (edges.indices[1:] != edges.indices[:-1])
    alone = first & np.append(first[1:], True)[: len(first)]
    plain = (edges.time == TIMELESS) & (edges.weight == 1) & (edges.provenance == 0)
    return first, ~(plain & alone)


def _known(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where there is something to say: NaN is unknown."""
    return ~np.isnan(values)


def _text(text: str) -> str:
    escaped = _SPECIAL.sub(lambda found: _ESCAPED.get(found[0], f"\\u{ord(found[0]):04X}"), text)
    return f'"{escaped}"'


def _number(value: float | bool) -> str:
    """As XML Schema spells it."""
    return {"inf": "INF", "-inf": "-INF", "True": "true", "False": "false"}.get(str(value), str(value))
