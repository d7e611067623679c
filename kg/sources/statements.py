"""RDF files as streams of statements, which open no other file and no connection.

A parser that takes IRIs as they are written reads dumps of which one IRI in a million is not quite right, and reads
N-Triples half as fast again; everything else that is malformed is an error with its line and column.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from kg.errors import KgError
from kg.sources.packed import open_utf8

_BLOCK = 1 << 16
_QUADS = 256  # at once: more of them fall out of the processor's cache
_LONGEST_ENTITY = 1_000  # letters: an entity is short for the beginning of an IRI
_DEEPEST = 500  # elements or values: pyoxigraph goes down by recursion, or takes their square; real ones stay below 20
_LARGEST_JSON = 1 << 30  # bytes: JSON-LD is held in memory
_JSON_PART = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
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
        check_xml(path)
    if form == "jsonld":
        refuse_depth(path)
    return open_utf8(path)


def check_xml(path: Path, *, entities: bool = True) -> None:
    """Raise KgError where XML is malformed or nested too deeply, or declares an entity that is refused.

    Refused are entities that are elsewhere, or can grow: nested, or long; or all of them. They are found where they are
    declared, before any is used.
    """
    depth = 0
    parser = expat.ParserCreate()

    def begun(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            row = parser.CurrentLineNumber
            raise KgError(f"XML nested more than {_DEEPEST} deep", file=path, row=row, fix="Flatten it.")

    def ended(_: str) -> None:
        nonlocal depth
        depth -= 1

    def entity(name: str, parameter: int, value: str | None, *_: object) -> None:
        if not entities or parameter or value is None or "&" in value or len(value) > _LONGEST_ENTITY:
            fix = "Write out what it stands for: entities are taken only where they are short and name no other."
            raise KgError("the XML declares an entity that is refused", file=path, value=name, fix=fix)

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = begun, ended, entity
    with open_utf8(path) as file:
        try:
            while block := file.read(_BLOCK):
                parser.Parse(block)
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            problem, column = f"malformed XML: {expat.errors.messages[error.code]}", str(error.offset + 1)
            raise KgError(problem, file=path, row=error.lineno, column=column, fix="Mend the file there.") from error


def refuse_depth(path: Path) -> bytes:
    """The text of a JSON file; KgError where its values are nested too deeply, or it is too large to be held."""
    parts: list[bytes] = []
    with open_utf8(path) as file:
        while block := file.read(_BLOCK):
            parts.append(block)
            if len(parts) * _BLOCK > _LARGEST_JSON:
                fix = "Write JSON lines, or RDF as N-Triples: those are read piece by piece."
                raise KgError("a JSON document of more than 1 GiB", file=path, fix=fix)
    text, depth = b"".join(parts), 0
    for part in _JSON_PART.finditer(text):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(part[0], 0)
        if depth > _DEEPEST:
            row = text.count(b"\n", 0, part.start()) + 1
            raise KgError(f"JSON nested more than {_DEEPEST} deep", file=path, row=row, fix="Flatten it.")
    return text
