"""A config for a shop's own files, guessed from the usual names of columns; for the shop to confirm or mend."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kg.config import Derive, KgConfig, Rule, Shop, Source
from kg.engine import Engine
from kg.errors import KgError
from kg.files import replacing
from kg.query import EVENT_KINDS
from kg.sources.staging import show_raw

_NAMES = Path(__file__).with_name("usual_names.toml")
_NEEDED = ("user_id", "item_id")
_UNIX = {10: "make_timestamp(CAST({column} AS BIGINT) * 1000000)", 13: "epoch_ms(CAST({column} AS BIGINT))"}
"""Digits of a number that is a time → what makes it one: seconds and milliseconds since 1970, from 2001 to 2286."""


@dataclass(frozen=True)
class Guess:
    """A config, and which of the shop's columns became which of ours."""

    config: KgConfig
    mapping: Mapping[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """The config as a TOML file to be read and mended."""
        with replacing(path) as temporary:
            temporary.write_text(_toml(self.config), encoding="utf-8")


def guess(events: Sequence[Path], items: Path | None = None, engine: Engine | None = None) -> Guess:
    """Look at the files and map what has a usual name; raises KgError where nobody or nothing is to be found."""
    engine = engine or Engine()
    sql = engine.connection.con
    found = _mapped(show_raw(engine, "raw_events", events), "events")
    for name in _NEEDED:
        if name not in found:
            raise KgError(
                f"no column looks like {name!r}",
                file=", ".join(map(str, events)),
                fix="Write a config and map it under [events.columns]; see docs/commands.md and configs/.",
            )
    columns = {name: _quoted(column) for name, column in found.items()}
    if "time" in found:
        columns["time"] = _time(sql, columns["time"])
    columns["kind"], kinds = _kind(sql, columns)
    rules = [Rule(name="repeats")]
    rules += [Rule(name=f"no {name}", where=f"{_quoted(found[name])} IS NULL") for name in _NEEDED]
    if "quantity" in found:
        number = f"TRY_CAST({columns['quantity']} AS DOUBLE)"
        if _any(sql, f"{number} < 0"):
            rules.append(Rule(name="returns", where=f"{number} < 0", action="return"))
    config = KgConfig(
        shop=Shop(target_kinds=(_target(kinds),)),
        events=Source(path=tuple(str(path.resolve()) for path in events), columns=columns),
        items=Source(),
        clean=tuple(rules),
        derive=Derive(user_attributes=("country",) if "user_country" in found else ()),
    )
    mapping = {column: name for name, column in found.items()}
    if items is not None:
        own = _mapped(show_raw(engine, "raw_items", [items]), "items")
        if "item_id" not in own:
            raise KgError("no column looks like 'item_id'", file=items, fix="Rename the column of ids to item_id.")
        described = {name: _quoted(column) for name, column in own.items()}
        config = config.model_copy(update={"items": Source(path=str(items.resolve()), columns=described)})
        mapping |= {column: f"items.{name}" for name, column in own.items()}
    return Guess(config, mapping)


@cache
def _usual() -> dict[str, Any]:
    return tomllib.loads(_NAMES.read_text(encoding="utf-8"))


def _mapped(raw: Sequence[str], table: str) -> dict[str, str]:
    """Our name → the shop's column, each column once."""
    plain = {re.sub(r"[^a-z0-9]", "", column.lower()): column for column in raw}
    found: dict[str, str] = {}
    for name, usual in _usual()[table].items():
        for word in usual:
            if word in plain and plain[word] not in found.values():
                found[name] = plain[word]
                break
    return found


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _any(sql: Any, where: str) -> bool:
    return bool(sql.execute(f"SELECT 1 FROM raw_events WHERE {where} LIMIT 1").fetchall())


def _time(sql: Any, column: str) -> str:
    """The column, or what makes a time of a number."""
    for digits, expression in _UNIX.items():
        told = f"NOT regexp_full_match(CAST({column} AS VARCHAR), '[0-9]{{{digits}}}')"
        if not _any(sql, f"{column} IS NOT NULL AND {told}"):
            return expression.format(column=column)
    return column


def _kind(sql: Any, columns: Mapping[str, str]) -> tuple[str, list[str]]:
    """An expression of the kind of an event in our words, and the kinds there are."""
    column = columns.get("kind")
    if column is None:
        only = "rating" if "value" in columns else "purchase"
        return f"'{only}'", [only]
    words = [row[0] for row in sql.execute(f"SELECT DISTINCT CAST({column} AS VARCHAR) FROM raw_events").fetchall()]
    ours = {word: _kind_of(word) for word in words if word is not None}
    cases = [f"WHEN '{word}' THEN '{kind}'" for word, kind in sorted(ours.items()) if word != kind]
    return (f"CASE {column} {' '.join(cases)} ELSE {column} END" if cases else column), sorted(set(ours.values()))


def _kind_of(word: str) -> str:
    plain = re.sub(r"[^a-z]", "", word.lower())
    return next((kind for kind, usual in _usual()["kinds"].items() if plain in usual), word)


def _target(kinds: Sequence[str]) -> str:
    """The kind of event that says most."""
    return max(kinds, key=lambda kind: (kind == "purchase", EVENT_KINDS.get(kind, 1.0)))


def _toml(config: KgConfig) -> str:
    """The sections that differ from the defaults."""
    lines = ["# Guessed by `cartograph init`: please check. A column is an SQL expression over the shop's own.", ""]
    for name, section in config.model_dump(mode="json", exclude_defaults=True, exclude={"folder", "clean"}).items():
        nested = {key: value for key, value in section.items() if isinstance(value, dict)}
        lines += [f"[{name}]", *_pairs({key: value for key, value in section.items() if key not in nested}), ""]
        for key, value in nested.items():
            lines += [f"[{name}.{key}]", *_pairs(value), ""]
    for rule in config.clean:
        lines += ["[[clean]]", *_pairs(rule.model_dump(exclude_defaults=True)), ""]
    return "\n".join(lines)


def _pairs(section: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in section.items()]


def _value(value: Any) -> str:
    """A literal string where that saves escapes; else JSON, whose strings and lists are TOML's too."""
    plain = isinstance(value, str) and '"' in value and "'" not in value and value.isprintable()
    return f"'{value}'" if plain else json.dumps(value, ensure_ascii=False)
