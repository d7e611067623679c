"""XML and JSON of others, read so that they do no harm: nothing that grows, is elsewhere, or has no bottom."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.parsers import expat

from kg.errors import KgError
from kg.sources.packed import open_utf8

_BLOCK = 1 << 16
_LONGEST_ENTITY = 1_000  # letters: an entity is short for the beginning of an IRI
_DEEPEST = 500  # elements or values: parsers go down by recursion, or take its square; real ones stay below 20
_LARGEST_JSON = 1 << 30  # bytes: a document is held in memory
_JSON_PART = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)


def read_xml(
    path: Path,
    begun: Callable[[str, dict[str, str], int], None] = lambda *_: None,
    ended: Callable[[str], None] = lambda _: None,
    text: Callable[[str], None] | None = None,
    *,
    entities: bool = True,
) -> Iterator[None]:
    """Read a file, a block a step, and tell what is met: elements (name without prefix, attributes, line) and text.

    Raises KgError with row and column where it is malformed, where elements are nested too deeply, and for entities
    that are elsewhere or can grow (nested, or long), or for all of them: where they are declared, before any is used.
    """
    depth = 0
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            row = parser.CurrentLineNumber
            raise KgError(f"XML nested more than {_DEEPEST} deep", file=path, row=row, fix="Flatten it.")
        begun(name.rpartition(" ")[2], attributes, parser.CurrentLineNumber)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        ended(name.rpartition(" ")[2])

    def entity(name: str, parameter: int, value: str | None, *_: object) -> None:
        if not entities or parameter or value is None or "&" in value or len(value) > _LONGEST_ENTITY:
            fix = "Write out what it stands for: entities are taken only where they are short and name no other."
            raise KgError("the XML declares an entity that is refused", file=path, value=name, fix=fix)

    parser.StartElementHandler, parser.EndElementHandler, parser.EntityDeclHandler = start, end, entity
    parser.CharacterDataHandler = text
    with open_utf8(path) as file:
        try:
            while block := file.read(_BLOCK):
                parser.Parse(block)
                yield
            parser.Parse(b"", True)
            yield
        except expat.ExpatError as error:
            problem, column = f"malformed XML: {expat.errors.messages[error.code]}", str(error.offset + 1)
            raise KgError(problem, file=path, row=error.lineno, column=column, fix="Mend the file there.") from error


def read_json_text(path: Path) -> bytes:
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
