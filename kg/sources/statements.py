"""RDF files as streams of statements, which open no other file and no connection.

A parser that takes IRIs as they are written reads dumps of which one IRI in a million is not quite right, and reads
N-Triples half as fast again; everything else that is malformed is an error with its line and column.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

from kg.errors import KgError
from kg.sources.guarded import read_json_text, read_xml
from kg.sources.packed import open_utf8

_QUADS = 256  # at once: more of them fall out of the processor's cache
_REMOTE = "LoadDocumentCallback"


def statements(path: Path, form: str) -> Iterator[list[Any]]:
    """The quads of a file, as pyoxigraph has them: `form` is nt, nq, ttl, trig, rdf (RDF/XML) or jsonld.

    Raises KgError with row and column where the file is malformed; for entities of RDF/XML that are nested, long or
    elsewhere; for a context of JSON-LD that is elsewhere, and for elements or values nested more than 500 deep.
    """
    import pyoxigraph

    with _told(path), _checked(path, form) as file:
        quads = pyoxigraph.parse(file, format=pyoxigraph.RdfFormat.from_extension(form), lenient=True)
        while block := list(islice(quads, _QUADS)):
            yield block


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except SyntaxError as error:
        if _REMOTE in str(error.msg):
            fix = "Write the context into the file; of schema.org products, read the file as a catalogue instead."
            raise KgError("the JSON-LD has its @context elsewhere, which is never read", file=path, fix=fix) from error
        column = None if error.offset is None else str(error.offset)
        fix = "Mend the file there."
        raise KgError(f"malformed RDF: {error.msg}", file=path, row=error.lineno, column=column, fix=fix) from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KgError(f"the file cannot be read: {reason}", file=path, fix="Check the path and the file.") from error


def _checked(path: Path, form: str) -> IO[bytes]:
    """The file, opened, once it is known to be harmless."""
    if form == "rdf":
        deque(read_xml(path), 0)
    if form == "jsonld":
        read_json_text(path)
    return open_utf8(path)
