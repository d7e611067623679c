"""A config for a shop's own files, guessed from the usual names of columns; for the shop to confirm or mend."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.config import Derive, KgConfig, Rule, Shop, Source
from kg.engine import Engine
from kg.errors import KgError
from kg.files import replacing
from kg.query import EVENT_KINDS
from kg.sources.facts import of_tables
from kg.sources.mapping import Mapper
from kg.sources.names import usual, usual_kind
from kg.sources.preset import known_tables, with_presets
from kg.sources.staging import as_read, first_line, raw_rows
from kg.sources.torn import forget_torn

_NEEDED = {
    "events": ("user_id", "item_id"),
    "items": ("item_id",),
    "users": ("user_id",),
    "facts": ("relation", "tail"),
}
_TABLES = ("events", "items", "users")
_UNIX = {"unix": "[0-9]{10}([.][0-9]+)?", "unix-ms": "[0-9]{13}"}
"""Numbers that are times from 2001 to 2286, and the format that reads them."""


@dataclass(frozen=True)
class Guess:
    """A config, and which of the shop's columns (or expressions over them) became which of ours."""

    config: KgConfig
    mapping: Mapping[str, str]

    def write(self, path: Path) -> None:
        """The config as a TOML file to be read and mended."""
        with replacing(path) as temporary:
            temporary.write_text(_toml(self.config), encoding="utf-8")


def guess(
    events: Sequence[Path],
    items: Path | None = None,
    users: Path | None = None,
    columns: Mapping[str, str] | None = None,
    facts: Sequence[Path] = (),
    preset: str | None = None,
    engine: Engine | None = None,
) -> Guess:
    """Look at the files and map what has a usual name, or what a preset knows; `columns` win over both.

    columns  our column → a raw one or an SQL expression; of items and users "items.title" and so on
    facts    RDF files and tables of triples

    Raises KgError where nobody or nothing is to be found.
    """
    if preset and preset.endswith(".toml"):
        preset = str(Path(preset).resolve())  # the config may be written elsewhere
    given = {"events": events, "items": items, "users": users}
    laid = known_tables(preset) if preset else ()
    if preset and not any(given.get(table) for table in laid):
        raise KgError(f"the preset is of the {' and '.join(laid)}", value=preset, fix=f"Give them: --{laid[0]} FILE.")
    config = KgConfig(**{table: Source(preset=preset) for table, files in given.items() if files and table in laid})
    config = config.at(events, items, users, columns, facts)
    unlaid = [table for table in _TABLES if getattr(config, table).paths and table not in laid]
    config = config.model_copy(update={table: _named(table, getattr(config, table)) for table in unlaid})
    if facts and (triples := of_tables(config.facts, Path())).paths:
        columns = _named("facts", triples).columns
        config = config.model_copy(update={"facts": config.facts.model_copy(update={"columns": columns})})
    whole = with_presets(config)
    seen = _look(whole.events, engine or Engine())
    user_attributes = ("country",) if "user_country" in whole.events.columns else ()
    rules = [Rule(name="repeats"), *(Rule(name=f"no {name}", where=f"{name} IS NULL") for name in _NEEDED["events"])]
    if seen.negative:
        rules.append(Rule(name="returns", where="quantity < 0", action="return"))
    guessed = config.events.model_copy(update={"kinds": seen.kinds, "time_format": seen.time_format})
    config = config.model_copy(
        update={
            "shop": Shop(target_kinds=(seen.target,)),
            "events": config.events if "events" in laid else guessed,
            "clean": tuple(rules),
            "derive": Derive(user_attributes=user_attributes),
        }
    )
    tables = {table: getattr(whole, table).columns for table in _NEEDED}
    told: dict[str, str] = {}
    for table, columns in tables.items():
        for name, text in columns.items():
            if not text.startswith("'"):  # a column, no constant; what it means in the events comes first
                told.setdefault(text, f"{_prefix(table)}{name}")
    return Guess(config, told)


def _prefix(table: str) -> str:
    return "" if table == "events" else f"{table}."


def _named(table: str, source: Source) -> Source:
    """The source with what has a usual name; of items and users the other columns stay, under their own names."""
    raw = raw_rows(source, Path())[0].columns
    columns = usual(raw, table) | source.columns
    if table == "events" and "value" in columns:
        columns = {"kind": "'rating'"} | columns
    for name in _NEEDED[table]:
        if name not in columns:
            raise KgError(
                f"no column of the {table} looks like {name!r}",
                file=", ".join(source.paths),
                fix=f"Say which it is, --column {_prefix(table)}{name}=COLUMN: there are {', '.join(raw)}.",
            )
    keep = () if table in ("events", "facts") else tuple(name for name in raw if name not in columns.values())
    return source.model_copy(update={"columns": columns, "keep": keep})


@dataclass(frozen=True)
class _Seen:
    """What the log holds: the kinds of events in the shop's words and ours, how times are written, amounts below 0."""

    kinds: Mapping[str, str]
    target: str
    time_format: str
    negative: bool


def _look(source: Source, engine: Engine) -> _Seen:
    """Read the log once."""
    import duckdb

    file, rows = raw_rows(source, Path())
    made = {column.name: column for column in Mapper("events", file, source).columns}
    asked = [f"bool_and(regexp_full_match(time, '{digits}'))" for digits in _UNIX.values()]
    asked += [f"list(DISTINCT {made['kind'].value})", f"bool_or({made['quantity'].value} < 0)"]
    rows = as_read([made[name] for name in ("time", "kind", "quantity")], rows)
    try:
        found = engine.sql.execute(f"SELECT {', '.join(asked)} FROM {rows}").fetchall()[0]
    except duckdb.Error as error:
        fix = "Mend the file, or write a config."
        raise KgError(f"the log cannot be read: {first_line(error)}", file=file.path, fix=fix) from error
    forget_torn(engine.sql)  # they are told when the log is read in earnest
    *unix, words, negative = found
    ours = {word: usual_kind(word) for word in words or () if word is not None}
    target = max(sorted(ours.values()), key=_says, default="purchase")
    formats = [how for how, is_it in zip(_UNIX, unix, strict=True) if is_it]
    kinds = {word: kind for word, kind in sorted(ours.items()) if word != kind}
    return _Seen(kinds, target, formats[0] if formats else source.time_format, bool(negative))


def _says(kind: str) -> tuple[bool, float]:
    """How much a kind of event says of what somebody wants."""
    return kind == "purchase", EVENT_KINDS.get(kind, 1.0)


def _toml(config: KgConfig) -> str:
    """The sections that differ from the defaults."""
    lines = [
        "# Guessed by `cartograph init`: please check. A column is one of yours, or an SQL expression over them.",
        "",
    ]
    for name, section in config.model_dump(mode="json", exclude_defaults=True, exclude={"folder", "clean"}).items():
        nested = {key: value for key, value in section.items() if isinstance(value, dict)}
        lines += [f"[{name}]", *_pairs({key: value for key, value in section.items() if key not in nested}), ""]
        for key, value in nested.items():
            lines += [f"[{name}.{key}]", *_pairs(value), ""]
    for rule in config.clean:
        lines += ["[[clean]]", *_pairs(rule.model_dump(exclude_defaults=True)), ""]
    return "\n".join(lines)


def _pairs(section: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in section.items()]


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    """A literal string where that saves escapes; else JSON, whose strings and lists are TOML's too."""
    plain = isinstance(value, str) and '"' in value and "'" not in value and value.isprintable()
    return f"'{value}'" if plain else json.dumps(value, ensure_ascii=False)
