"""A SKOS taxonomy: what lies below what, and what each concept is called.

W3C, SKOS Reference (2009): §8 semantic relations, §5 lexical labels, §6 notations.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from kg.errors import KgError
from kg.sources.files import RDF, SUFFIXES, suffix
from kg.sources.statements import statements
from kg.sources.taxonomy import Taxonomy

SKOS = "http://www.w3.org/2004/02/skos/core#"


def read_skos(path: Path) -> Taxonomy:
    """A taxonomy in Turtle, N-Triples, N-Quads, TriG, RDF/XML or JSON-LD, gzipped or not.

    A concept's id is its `skos:notation`, its IRI where it has none. Raises KgError with row and column where the file
    is malformed, and as `kg.sources.statements.statements` does.
    """
    notations, labels, broader = _statements(path)
    ids = _ids(notations, path)
    parents: dict[str, set[str]] = {ids.get(concept, concept): set() for concept in labels}
    for child, parent in sorted(broader):
        parents.setdefault(ids.get(child, child), set()).add(ids.get(parent, parent))
    names = defaultdict(list, {ids.get(concept, concept): sorted(texts) for concept, texts in labels.items()})
    return Taxonomy(path.name, {category: tuple(sorted(above)) for category, above in parents.items()}, names)


def _statements(path: Path) -> tuple[dict[str, set[str]], dict[str, set[tuple[str, str]]], set[tuple[str, str]]]:
    """Notations by concept, (language, text) of labels by concept, and (child, parent) pairs."""
    from pyoxigraph import BlankNode, Literal, NamedNode

    form = SUFFIXES.get(suffix(path))
    if form not in RDF:
        known = ", ".join(end for end, one in SUFFIXES.items() if one in RDF)
        raise KgError("the taxonomy is in no format we read", file=path, fix=f"Convert it to one of {known} (.gz).")
    notations: dict[str, set[str]] = defaultdict(set)
    labels: dict[str, set[tuple[str, str]]] = defaultdict(set)
    broader: set[tuple[str, str]] = set()
    for quad in (quad for block in statements(path, form) for quad in block if quad.predicate.value.startswith(SKOS)):
        subject, thing = quad.subject.value, quad.object
        match quad.predicate.value.removeprefix(SKOS), thing:
            case "notation", Literal():
                notations[subject].add(thing.value)
            case "prefLabel", Literal():
                labels[subject].add((thing.language or "", thing.value))
            case "broader", NamedNode() | BlankNode():
                broader.add((subject, thing.value))
            case "narrower", NamedNode() | BlankNode():
                broader.add((thing.value, subject))
    return notations, labels, broader


def _ids(notations: Mapping[str, set[str]], path: Path) -> dict[str, str]:
    """The notation of every concept that has one; of several the first in order."""
    ids = {concept: min(found) for concept, found in notations.items()}
    owner: dict[str, str] = {}
    for concept, notation in ids.items():
        if owner.setdefault(notation, concept) != concept:
            fix = f"Give {owner[notation]} and {concept} different notations."
            raise KgError("two concepts have one notation", file=path, value=notation, fix=fix)
    return ids
