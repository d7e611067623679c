"""A SKOS taxonomy in Turtle as facts: `broader` edges between categories, their labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KgError

if TYPE_CHECKING:
    import pandas as pd

_SKOS = "http://www.w3.org/2004/02/skos/core#"
CATEGORY = "category"


def read_skos(path: Path, language: str = "en") -> pd.DataFrame:
    """Facts of a taxonomy; a concept's id is its `skos:notation`, its IRI without one.

    Raises KgError with line and column where the Turtle is malformed.
    """
    import pandas as pd
    import pyoxigraph

    try:
        triples = list(pyoxigraph.parse(path=str(path), format=pyoxigraph.RdfFormat.TURTLE))
    except (OSError, SyntaxError) as error:
        row = getattr(error, "lineno", None)
        raise KgError(f"the taxonomy cannot be read: {error}", file=path, row=row, fix="Mend the file.") from error
    found = [(t.subject.value, t.predicate.value.removeprefix(_SKOS), t.object) for t in triples]
    ids = {subject: node.value for subject, name, node in found if name == "notation"}
    rows = [
        (ids.get(subject, subject), "broader", ids.get(node.value, node.value), CATEGORY, False)
        for subject, name, node in found
        if name == "broader"
    ]
    rows += [
        (ids.get(subject, subject), "label", node.value, "string", True)
        for subject, name, node in found
        if name == "prefLabel" and node.language in (language, None)
    ]
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail", "tail_type", "literal"])
    return facts.assign(head_type=CATEGORY, provenance=path.name)
