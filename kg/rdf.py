"""A graph as RDF, and back.

The vocabulary, with `cg:` for <https://cartograph.example/ns#>:

    <urn:cartograph:node:item:85123A>                                     a node:
        a <urn:cartograph:type:item> ; dcterms:identifier "85123A" ; rdfs:label "White heart" ;
        <urn:cartograph:relation:brand> <urn:cartograph:node:brand:acme> ;     every pair of a relation, once
        <urn:cartograph:feature:price> "2.55"^^xsd:float .                     a number or truth value
    [] a cg:Edge ; rdf:subject … ; rdf:predicate … ; rdf:object … ;       an edge of which there is more to say:
        cg:time "2024-03-01T12:00:00Z"^^xsd:dateTime ; cg:weight 0.5 ; cg:provenance "returns" .
    cg:graph cg:epoch … ; cg:now … ; cg:provenances ( "events" "returns" ) .

An edge that has no time, weighs 1, comes from the first provenance and is alone for its pair is that triple, no more.
RDF does not hold relations without an edge, node types without a node, features that are NaN for every node, or the
order of nodes: they come back sorted.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.graph import ITEM, USER, Edges, KnowledgeGraph, Relation, numbered
from kg.query import TIMELESS

if TYPE_CHECKING:
    import rdflib

NAMESPACE = "https://cartograph.example/ns#"
_BASE = "urn:cartograph"
_PLAIN = (int(TIMELESS), 1.0, 0)
_MISSING = {"float32": np.nan, "bool": False, "int64": 0}
Row = tuple[int, int, int, float, int]


def to_rdf(graph: KnowledgeGraph) -> rdflib.Graph:
    """The graph in the vocabulary above."""
    import rdflib
    from rdflib import RDF, RDFS
    from rdflib.collection import Collection
    from rdflib.namespace import DCTERMS, XSD

    told, cg = rdflib.Graph(), rdflib.Namespace(NAMESPACE)
    told.bind("cg", cg)
    nodes: list[rdflib.URIRef] = []
    for name, node_type in graph.nodes.items():
        own = [_iri("node", name, node_id) for node_id in node_type.ids.ids]
        for node, node_id, label in zip(own, node_type.ids.ids, node_type.labels, strict=True):
            told.add((node, RDF.type, _iri("type", name)))
            told.add((node, DCTERMS.identifier, rdflib.Literal(node_id)))
            told.add((node, RDFS.label, rdflib.Literal(label)))
        for feature, values in graph.features.get(name, {}).items():
            kind = {"f": XSD.float, "b": XSD.boolean}.get(values.dtype.kind, XSD.integer)
            for node, value in zip(own, values.tolist(), strict=True):
                if value == value:  # NaN: unknown, so nothing is said
                    told.add((node, _iri("feature", feature), rdflib.Literal(value, datatype=kind)))
        nodes += own
    for (source, name, target), edges in graph.relations.items():
        predicate = _iri("relation", name)
        heads, tails = (edges.sources + graph.nodes[source].start).tolist(), edges.indices + graph.nodes[target].start
        pairs = list(zip(heads, tails.tolist(), strict=True))
        parallel = Counter(pairs)
        columns = (edges.time.tolist(), edges.weight.tolist(), edges.provenance.tolist())
        for (head, tail), *rest in zip(pairs, *columns, strict=True):
            told.add((nodes[head], predicate, nodes[tail]))
            if (*rest,) == _PLAIN and parallel[head, tail] == 1:
                continue
            edge, (time, weight, code) = rdflib.BNode(), rest
            told.add((edge, RDF.type, cg.Edge))
            for role, end in ((RDF.subject, nodes[head]), (RDF.predicate, predicate), (RDF.object, nodes[tail])):
                told.add((edge, role, end))
            told.add((edge, cg.weight, rdflib.Literal(weight, datatype=XSD.double)))
            told.add((edge, cg.provenance, rdflib.Literal(graph.provenances[code])))
            if time != TIMELESS:
                told.add((edge, cg.time, rdflib.Literal(datetime.fromtimestamp(graph.epoch + time, UTC))))
    told.add((cg.graph, cg.epoch, rdflib.Literal(graph.epoch)))
    told.add((cg.graph, cg.now, rdflib.Literal(graph.now)))
    provenances = rdflib.BNode()
    Collection(told, provenances, [rdflib.Literal(name) for name in graph.provenances])
    told.add((cg.graph, cg.provenances, provenances))
    return told


def from_rdf(told: rdflib.Graph) -> KnowledgeGraph:
    """The graph that `to_rdf` told; raises KgError where no node is of a type of the vocabulary."""
    import rdflib
    from rdflib import RDF, RDFS
    from rdflib.collection import Collection
    from rdflib.namespace import DCTERMS

    cg = rdflib.Namespace(NAMESPACE)

    def value(subject: Any, predicate: Any) -> Any:
        found: Any = told.value(subject, predicate)
        return found.toPython() if isinstance(found, rdflib.Literal) else found

    ids: dict[str, dict[str, Any]] = {}
    for node, kind in told.subject_objects(RDF.type):
        if name := _local(kind, "type"):
            ids.setdefault(name, {})[str(value(node, DCTERMS.identifier))] = node
    if not ids:
        fix = f"Give every node a type <{_BASE}:type:…>, a dcterms:identifier and an rdfs:label."
        raise KgError("the RDF holds no node of this vocabulary", fix=fix)
    order = [name for name in (USER, ITEM, *sorted({*ids} - {USER, ITEM})) if name in ids]
    own = {name: [ids[name][node_id] for node_id in sorted(ids[name])] for name in order}
    place = {node: (name, at) for name in order for at, node in enumerate(own[name])}
    epoch = value(cg.graph, cg.epoch) or 0
    sources = value(cg.graph, cg.provenances)
    provenances = tuple(map(str, Collection(told, sources))) if sources else ("",)
    rows: dict[Relation, list[Row]] = {}

    def add(head: Any, predicate: Any, tail: Any, time: int, weight: float, code: int) -> None:
        (source, start), (target, end) = place[head], place[tail]
        relation = (source, _local(predicate, "relation"), target)
        rows.setdefault(relation, []).append((start, end, time, weight, code))

    spoken = set()
    for edge in told.subjects(RDF.type, cg.Edge):
        head, predicate, tail = (value(edge, role) for role in (RDF.subject, RDF.predicate, RDF.object))
        spoken.add((head, predicate, tail))
        moment = value(edge, cg.time)
        time = int(TIMELESS) if moment is None else int(moment.timestamp()) - epoch
        add(head, predicate, tail, time, value(edge, cg.weight), provenances.index(value(edge, cg.provenance)))
    features: dict[str, dict[str, dict[int, Any]]] = {}
    for node, predicate, thing in told:
        if _local(predicate, "relation") and (node, predicate, thing) not in spoken:
            add(node, predicate, thing, *_PLAIN)
        elif feature := _local(predicate, "feature"):
            name, at = place[node]
            features.setdefault(name, {}).setdefault(feature, {})[at] = value(node, predicate)
    labels = {name: [str(value(node, RDFS.label)) for node in own[name]] for name in order}
    return KnowledgeGraph(
        nodes=numbered({name: (sorted(ids[name]), labels[name]) for name in order}),
        relations={relation: Edges.of_rows(found, len(own[relation[0]])) for relation, found in sorted(rows.items())},
        epoch=epoch,
        now=value(cg.graph, cg.now) or 0,
        provenances=provenances,
        features={
            name: {feature: _column(values, len(own[name])) for feature, values in kinds.items()}
            for name, kinds in features.items()
        },
    )


def _column(values: dict[int, Any], n: int) -> NDArray[Any]:
    """A feature of n nodes from what is said of some of them: float32, bool or int64 by what is said."""
    dtype = {float: "float32", bool: "bool"}.get(type(next(iter(values.values()))), "int64")
    column = np.full(n, _MISSING[dtype], dtype)
    column[list(values)] = list(values.values())
    return column


def _iri(*names: str) -> Any:
    import rdflib

    return rdflib.URIRef(":".join((_BASE, *(quote(name, safe="") for name in names))))


def _local(iri: Any, kind: str) -> str:
    """The name at the end of an IRI of one kind; empty for any other."""
    head = f"{_BASE}:{kind}:"
    return unquote(str(iri).removeprefix(head)) if str(iri).startswith(head) else ""
