"""What a log holds that the names of its columns do not tell: kinds of events, how times and numbers are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg.engine import Engine
from kg.errors import KgError
from kg.query import EVENT_KINDS
from kg.source_config import Source
from kg.sources.files import RawFile
from kg.sources.mapping import Mapper
from kg.sources.names import usual_kind
from kg.sources.staging import alike, as_read, first_line, relation_of, with_any_line_ends
from kg.sources.times import reading_all
from kg.sources.torn import forget_torn

_UNIX = {"unix": "[0-9]{10}([.][0-9]+)?", "unix-ms": "[0-9]{13}"}
"""Numbers that are times from 2001 to 2286, and the format that reads them."""
_NUMBERS = ("quantity", "price", "value")
_CENTS = {mark: f"[^.,]*([.,][0-9]{{3}})*[{mark}][0-9]{{1,2}}" for mark in ".,"}
"""Numbers that tell what stands before their cents; 1,234 does not."""


@dataclass(frozen=True)
class Seen:
    """What a log holds.

    kinds        the shop's word for a kind of event → ours, where they differ; `unknown` words say nothing to us
    target       the kind of event that says most of what somebody wants
    time_format  how times are written; where days look like months there are other `formats` that read them all
    decimal      what stands before the cents of numbers
    negative     whether a quantity is below 0
    """

    kinds: Mapping[str, str]
    unknown: Sequence[str]
    target: str
    time_format: str
    formats: Sequence[str]
    decimal: str
    negative: bool


def look_into(source: Source, engine: Engine) -> Seen:
    """Read the log once, and its times again where they are of no standard. Raises KgError where it cannot be read."""
    return with_any_line_ends(alike(source, Path()), lambda files: _look(source, files, engine))


def _look(source: Source, files: Sequence[RawFile], engine: Engine) -> Seen:
    import duckdb

    made = {column.name: column for column in Mapper("events", files[0], source).columns}
    asked = [f"bool_and(regexp_full_match(time, '{digits}'))" for digits in _UNIX.values()]
    asked += [f"bool_and({made['time'].value} IS NOT NULL OR time IS NULL)"]
    asked += [
        " OR ".join(f"coalesce(bool_or(regexp_full_match({name}, '{cents}')), false)" for name in _NUMBERS)
        for cents in _CENTS.values()
    ]
    asked += [f"list(DISTINCT {made['kind'].value})", f"bool_or({made['quantity'].value} < 0)"]
    rows = as_read([made[name] for name in ("time", "kind", *_NUMBERS)], relation_of(files))
    try:
        found = engine.sql.execute(f"SELECT {', '.join(asked)} FROM {rows}").fetchall()[0]
        *unix, well_read, dots, commas, words, negative = found
        formats = tuple(how for how, is_it in zip(_UNIX, unix, strict=True) if is_it)
        if not (formats or well_read or well_read is None):
            formats = reading_all(engine.sql, "time", rows)
    except duckdb.Error as error:
        fix = "Mend the file, or write a config."
        raise KgError(f"the log cannot be read: {first_line(error)}", file=files[0].path, fix=fix) from error
    forget_torn(engine.sql)  # they are told when the log is read in earnest
    ours = {word: usual_kind(word) for word in words or () if word is not None}
    return Seen(
        kinds={word: kind for word, kind in sorted(ours.items()) if word != kind},
        unknown=sorted({*ours.values()} - {*EVENT_KINDS}),
        target=max(sorted(ours.values()), key=_says, default="purchase"),
        time_format=formats[0] if len(formats) == 1 else source.time_format,
        formats=formats if len(formats) > 1 else (),
        decimal="," if commas and not dots else source.decimal,
        negative=bool(negative),
    )


def _says(kind: str) -> tuple[bool, float]:
    """How much a kind of event says of what somebody wants."""
    return kind == "purchase", EVENT_KINDS.get(kind, 1.0)
