"""The words a graph is told in as RDF.

With `cg:` for <https://cartograph.example/ns#>:

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

from typing import Literal
from urllib.parse import quote, unquote

Kind = Literal["node", "type", "relation", "feature", "unit"]

NAMESPACE = "https://cartograph.example/ns#"
BASE = "urn:cartograph"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DCTERMS = "http://purl.org/dc/terms/"

PREFIXES = {
    "cg": NAMESPACE,
    "node": f"{BASE}:node:",
    "type": f"{BASE}:type:",
    "relation": f"{BASE}:relation:",
    "feature": f"{BASE}:feature:",
    "rdf": RDF,
    "rdfs": RDFS,
    "xsd": XSD,
    "dcterms": DCTERMS,
}
"""Short for the beginnings of IRIs: `node:item:85123A` is a node, `relation:brand` a relation."""


def iri(kind: Kind, *names: str) -> str:
    """The IRI of a node (type, id), type, relation, feature or unit; what an IRI cannot hold is percent-encoded.

    So is a dot at the end: not every reader of Turtle takes one there in a short name.
    """
    text = ":".join((BASE, kind, *(quote(name, safe="") for name in names)))
    return f"{text[:-1]}%2E" if text.endswith(".") else text


def local(text: str, kind: Kind) -> str:
    """The name at the end of an IRI of one kind; empty for any other."""
    head = f"{BASE}:{kind}:"
    return unquote(text.removeprefix(head)) if text.startswith(head) else ""


def node_of(text: str) -> tuple[str, str] | None:
    """Type and id of the node that an IRI names; None for any other."""
    head = f"{BASE}:node:"
    kind, colon, node_id = text.removeprefix(head).partition(":")
    return (unquote(kind), unquote(node_id)) if text.startswith(head) and colon else None


def short(text: str) -> str:
    """An IRI with its beginning as a prefix; any other text as it is."""
    for prefix, beginning in PREFIXES.items():
        if text.startswith(beginning):
            return f"{prefix}:{text.removeprefix(beginning)}"
    return text
