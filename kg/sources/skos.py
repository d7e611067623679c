"""A SKOS taxonomy as facts: `broader` edges between categories, and what each is called.

W3C, SKOS Reference (2009): §8 semantic relations, §5 lexical labels, §6 notations.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import KgError

if TYPE_CHECKING:
    import pandas as pd

SKOS = "http://www.w3.org/2004/02/skos/core#"
CATEGORY = "category"
_FORMATS = ("ttl", "nt", "nq", "trig", "jsonld")
"""Not RDF/XML: its entities can grow without bound, and the parser sets none."""


def read_skos(path: Path, language: str = "en") -> pd.DataFrame:
    """The facts of a taxonomy in Turtle, N-Triples, N-Quads, TriG or JSON-LD, gzipped or not.

    A concept's id is its `skos:notation`, its IRI where it has none. Its label is the `skos:prefLabel` in `language`,
    else in a variety of it (en-GB), else without language, else the first by language. Raises KgError with row and
    column where the file is malformed, and naming the concepts of a cycle.
    """
    import pandas as pd

    notations, labels, broader = _statements(path)
    ids = _ids(notations, path)
    edges = sorted({(ids.get(child, child), ids.get(parent, parent)) for child, parent in broader})
    if cycle := find_cycle(edges):
        fix = "Remove one of its skos:broader (or skos:narrower) statements."
        raise KgError("the taxonomy has a cycle", file=path, value=" > ".join(cycle), fix=fix)
    rows = [(child, "broader", parent, CATEGORY, False) for child, parent in edges]
    rows += [(ids.get(node, node), "label", _chosen(texts, language), "string", True) for node, texts in labels.items()]
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail", "tail_type", "literal"])
    return facts.assign(head_type=CATEGORY, provenance=path.name)


def find_cycle(edges: Iterable[tuple[str, str]]) -> list[str]:
    """The nodes of a cycle of (child, parent) edges, the first one again at the end; empty without one.

    Walks depth first with a stack of its own, so that a deep taxonomy is no danger.
    """
    parents: dict[str, list[str]] = defaultdict(list)
    for child, above in edges:
        parents[child].append(above)
    done: set[str] = set()
    for start in list(parents):
        trail: list[str] = []
        on_trail: set[str] = set()
        ahead = [] if start in done else [iter([start])]
        while ahead:
            parent = next(ahead[-1], None)
            if parent is None:  # all that is above the trail's last node has been walked
                ahead.pop()
                if trail:
                    done.add(trail[-1])
                    on_trail.remove(trail.pop())
            elif parent in on_trail:
                return [*trail[trail.index(parent) :], parent]
            elif parent not in done:
                trail.append(parent)
                on_trail.add(parent)
                ahead.append(iter(parents.get(parent, ())))
    return []


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


def _chosen(texts: Iterable[tuple[str, str]], language: str) -> str:
    def rank(label: tuple[str, str]) -> tuple[int, str, str]:
        given, text = label
        order = (given == language, given.startswith(f"{language}-"), not given)
        return (order.index(True) if any(order) else len(order), given, text)

    return min(texts, key=rank)[1]
