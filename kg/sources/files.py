"""Raw files: finding them, and what their first lines say of them."""

from __future__ import annotations

import codecs
import csv
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TextIO

from kg.errors import KgError
from kg.source_config import Format, Source
from kg.sources.documents import DOCUMENTS, lines, unrolled
from kg.sources.packed import open_bytes, open_lines, read_through

SUFFIXES: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".dat": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".parquet": "parquet", ".pq": "parquet",
    ".xml": "google-merchant",
    ".nt": "nt", ".nq": "nq", ".ttl": "ttl", ".trig": "trig", ".rdf": "rdf", ".owl": "rdf", ".jsonld": "jsonld",
}  # fmt: skip
RDF = frozenset({"nt", "nq", "ttl", "trig", "rdf", "jsonld"})
"""The formats of statements: facts or a taxonomy, no table."""
_DELIMITERS = ("\t", ";", "|", ",")
_ENCODINGS = "latin-1 or utf-16"
_UNKNOWN = "\N{REPLACEMENT CHARACTER}"
_JSON_SAMPLE = 1_000  # lines whose keys are the columns of a JSONL file
LONGEST_LINE = 4 << 20
"""Bytes of a record of a text file; the engine's buffers hold sixteen of them."""
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class RawFile:
    """A file and how to read it; `types` is empty for text files, whose columns are all text.

    Of a document (`kg.sources.documents`) `made` are its rows. `mixed` is a file whose lines end in several ways.
    """

    path: Path
    format: Format
    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    quote: str = '"'
    mixed: bool = False
    has_header: bool = True
    types: tuple[str, ...] = ()
    made: Path | None = None

    @property
    def data(self) -> Path:
        """The file that the rows are read from."""
        return self.made or self.path

    @property
    def layout(self) -> tuple[Any, ...]:
        """Files with equal layouts can be read together."""
        read = (self.delimiter, self.encoding, self.quote, self.mixed, self.has_header)
        return self.format, self.columns, self.types, *read

    def records(self) -> Iterator[tuple[int, bool]]:
        """The line where each record starts, and whether it holds a row: the header and empty lines do not.

        Raises KgError at a quote that does not end within the longest line.
        """
        if self.format == "parquet":
            yield from ((row, True) for row in count(1))
            return
        if self.made:
            yield from ((line, True) for line in lines(self.made))
            return
        header = self.has_header
        with open_lines(self.path, self.encoding) as text:
            for line, cells in _rows(self.path, text, self.delimiter if self.format == "csv" else None, self.quote):
                yield line, bool(cells) and not header
                header = header and not cells


def find(paths: Sequence[str | Path], folder: Path = Path()) -> list[Path]:
    """The files that paths, folders and globs (from `folder`) stand for, sorted within each."""
    found: list[Path] = []
    for given in paths:
        path = folder / Path(given).expanduser()
        if path.is_dir():
            matches = sorted(file for file in path.iterdir() if suffix(file) in SUFFIXES and file.name[0] != ".")
        elif path.exists():
            matches = [path]
        else:
            pattern = path.absolute()
            matches = sorted(Path(pattern.anchor).glob(str(pattern.relative_to(pattern.anchor))))
        if not matches:
            raise KgError("no such file", file=path, fix="Give a file, a folder with data files, or a quoted glob.")
        found += matches
    return list(dict.fromkeys(found))


def format_of(path: Path, source: Source) -> Format:
    """What the config says, or the file's name; KgError where neither does."""
    format_ = source.format or SUFFIXES.get(suffix(path))
    if format_ is None:
        known = ", ".join(SUFFIXES)
        raise KgError("unknown kind of file", file=path, fix=f"Rename it to one of {known} (.gz), or set `format`.")
    return format_


def look(path: Path, source: Source) -> RawFile:
    """What a file is. Raises KgError where it cannot be read, is empty, or its kind cannot be told."""
    format_ = format_of(path, source)
    format_ = "schema-org" if format_ == "jsonld" else format_
    if format_ in RDF:
        fix = "Name it as --facts, or the path of [facts]."
        raise KgError("RDF holds facts, not rows of a table", file=path, fix=fix)
    try:
        with path.open("rb") as file:
            if not file.read(1):
                raise KgError("the file is empty, it has no rows", file=path, fix="Give a file with rows.")
        if format_ in DOCUMENTS:
            made, columns = unrolled(path, format_)
            return RawFile(path, "jsonl", _distinct(columns, path), has_header=False, made=made)
        read_through(path)  # the engine unpacks it without a bound
        readers = {"csv": _look_csv, "jsonl": _look_jsonl, "parquet": _look_parquet}
        return readers[format_](path, source)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KgError(f"the file cannot be read: {reason}", file=path, fix="Check the path and its rights.") from error


def suffix(path: Path) -> str:
    """The end of a file's name, in small letters, below .gz."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def _encoding(path: Path, source: Source) -> str:
    with open_bytes(path) as file:
        return source.encoding or ("utf-16" if file.read(2) in _UTF16 else "utf-8")


def _look_csv(path: Path, source: Source) -> RawFile:
    encoding = _encoding(path, source)
    with open_lines(path, encoding) as text:
        first = next((line for line in text if line.strip()), "")
    if not first:
        raise KgError("the file has no rows, its lines are blank", file=path, fix="Give a file with rows.")
    likely = "\t" if suffix(path) == ".tsv" else max(_DELIMITERS, key=first.count)
    delimiter = source.delimiter or (likely if likely in first else ",")
    if source.header:
        return RawFile(path, "csv", source.header, delimiter, encoding, source.quote, has_header=False)
    with open_lines(path, encoding) as text:
        cells = next((cells for _, cells in _rows(path, text, delimiter, source.quote) if cells), [])
        if cells and "\n" in cells[-1] and not text.read(1):
            raise unended_quote(path, 1)
    columns = tuple(cell.strip() or f"column{number}" for number, cell in enumerate(cells, 1))
    return RawFile(path, "csv", _distinct(columns, path), delimiter, encoding, source.quote)


def _look_jsonl(path: Path, source: Source) -> RawFile:
    encoding = _encoding(path, source)
    keys: dict[str, None] = {}
    blank = True
    with open_lines(path, encoding) as text:
        for number, line in enumerate(text):
            if number == _JSON_SAMPLE:
                break
            blank = blank and not line.strip()
            keys |= dict.fromkeys(_json_object(line) or ())
    if blank:
        raise KgError("the file has no rows, its lines are blank", file=path, fix="Give a file with rows.")
    if not keys:
        raise KgError("no line is a JSON object", file=path, fix="Write one object a line: JSON lines.")
    return RawFile(path, "jsonl", _distinct(tuple(keys), path), encoding=encoding, has_header=False)


def _look_parquet(path: Path, _: Source) -> RawFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise KgError("this is not a Parquet file, or a broken one", file=path, fix="Write it again.") from error
    types = tuple(str(column.type) for column in schema)
    return RawFile(path, "parquet", _distinct(tuple(schema.names), path), types=types)


def _distinct(columns: tuple[str, ...], path: Path) -> tuple[str, ...]:
    seen: set[str] = set()
    for column in columns:
        if _UNKNOWN in column:
            raise KgError("the file is not UTF-8", file=path, column=column, fix=f"Set `encoding`: {_ENCODINGS}.")
        if column.lower() in seen:
            raise KgError("two columns have one name", file=path, row=1, column=column, fix="Rename one of them.")
        seen.add(column.lower())
    return columns


def unended_quote(path: Path, row: int, value: str | None = None) -> KgError:
    """What is said of a quote that takes all the rest of the file for its value."""
    fix = (
        'Close it, and write a quote inside a value twice; where quotes are letters like others, say `quote = ""` in '
        "the config, beside the path."
    )
    return KgError("a quote is opened here and does not end", file=path, row=row, value=value, fix=fix)


def _rows(path: Path, text: TextIO, delimiter: str | None, quote: str) -> Iterator[tuple[int, list[str]]]:
    """(line where it starts, cells) of each record; an empty one has none. Without a delimiter lines are cells."""
    if delimiter is None or len(delimiter) > 1:
        for number, line in enumerate(text, 1):
            yield number, line.rstrip("\r\n").split(delimiter) if line.strip() else []
        return
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # Python's own limit is shorter than some texts
    if quote:
        reader = csv.reader(text, delimiter=delimiter, quotechar=quote)
    else:
        reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    start = 1
    try:
        for row in reader:
            yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise unended_quote(path, start) from error


def _json_object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
