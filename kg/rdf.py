"""A graph as an rdflib Graph, and back, in the words of `kg.vocabulary`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.graph import ITEM, USER, Edges, KnowledgeGraph, Relation, numbered
from kg.query import TIMELESS
from kg.triples import triples
from kg.vocabulary import BASE, NAMESPACE, PREFIXES, local

if TYPE_CHECKING:
    import rdflib

_PLAIN = (int(TIMELESS), 1.0, 0)
_MISSING = {"float32": np.nan, "bool": False, "int64": 0}
Row = tuple[int, int, int, float, int]


def to_rdf(graph: KnowledgeGraph) -> rdflib.Graph:
    """The graph in those words."""
    import rdflib

    told = rdflib.Graph()
    for prefix, beginning in PREFIXES.items():
        told.bind(prefix, beginning)
    return told.parse(data="".join(triples(graph)), format="nt")


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
        if name := local(str(kind), "type"):
            ids.setdefault(name, {})[str(value(node, DCTERMS.identifier))] = node
    if not ids:
        fix = f"Give every node a type <{BASE}:type:…>, a dcterms:identifier and an rdfs:label."
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
        relation = (source, local(str(predicate), "relation"), target)
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
        if local(str(predicate), "relation") and (node, predicate, thing) not in spoken:
            add(node, predicate, thing, *_PLAIN)
        elif feature := local(str(predicate), "feature"):
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
