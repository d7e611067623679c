"""A SKOS taxonomy: what lies below what, and what each concept is called.

W3C, SKOS Reference (2009): §8 semantic relations, §5 lexical labels, §6 notations.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.taxonomy import Taxonomy

SKOS = "http://www.w3.org/2004/02/skos/core#"
_FORMATS = ("ttl", "nt", "nq", "trig", "jsonld")
"""Not RDF/XML: its entities can grow without bound, and the parser sets none."""


def read_skos(path: Path) -> Taxonomy:
    """A taxonomy in Turtle, N-Triples, N-Quads, TriG or JSON-LD, gzipped or not.

    A concept's id is its `skos:notation`, its IRI where it has none. Raises KgError with row and column where the file
    is malformed.
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
    notations: dict[str, set[str]] = defaultdict(set)
    labels: dict[str, set[tuple[str, str]]] = defaultdict(set)
    broader: set[tuple[str, str]] = set()
    for triple in _parse(path):
        subject, thing = triple.subject.value, triple.object
        match triple.predicate.value.removeprefix(SKOS):
            case "notation":
                notations[subject].add(thing.value)
            case "prefLabel":
                labels[subject].add((thing.language or "", thing.value))
            case "broader":
                broader.add((subject, thing.value))
            case "narrower":
                broader.add((thing.value, subject))
    return notations, labels, broader


def _parse(path: Path) -> Iterator[Any]:
    import pyoxigraph

    suffix = path.name.removesuffix(".gz").rpartition(".")[2]
    if suffix not in _FORMATS:
        raise KgError("the taxonomy is in no format we read", file=path, fix=f"Convert it to .{', .'.join(_FORMATS)}.")
    try:
        opener: Any = gzip.open if path.suffix == ".gz" else Path.open
        with opener(path, "rb") as file:
            yield from pyoxigraph.parse(file, format=pyoxigraph.RdfFormat.from_extension(suffix))
    except SyntaxError as error:
        column = None if error.offset is None else str(error.offset)
        fix = "Mend the file there."
        raise KgError(f"malformed RDF: {error.msg}", file=path, row=error.lineno, column=column, fix=fix) from error
    except (OSError, EOFError) as error:
        raise KgError(f"the taxonomy cannot be read: {error}", file=path, fix="Check the path and the file.") from error


def _ids(notations: Mapping[str, set[str]], path: Path) -> dict[str, str]:
    """The notation of every concept that has one; of several the first in order."""
    ids = {concept: min(found) for concept, found in notations.items()}
    owner: dict[str, str] = {}
    for concept, notation in ids.items():
        if owner.setdefault(notation, concept) != concept:
            fix = f"Give {owner[notation]} and {concept} different notations."
            raise KgError("two concepts have one notation", file=path, value=notation, fix=fix)
    return ids
