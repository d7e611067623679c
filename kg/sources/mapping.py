"""From a shop's columns to ours, as SQL expressions; and which rows hold a value that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from kg.columns import RAW, Column, Type
from kg.errors import KgError
from kg.source_config import Source
from kg.sources.files import RawFile
from kg.sources.names import usual

_SQL: Mapping[Type, str] = {
    "string": "VARCHAR",
    "float64": "DOUBLE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
_EXPECTED: Mapping[Type, str] = {
    "float64": "a number such as 12.5",
    "timestamp": "a time such as 2024-03-05 14:22:31",
    "boolean": "true or false",
}
_REPEATED = ("item_", "user_")
_USUAL_TIME = "'%Y-%m-%d %H:%M:%S'"
_FILE_NAME = "regexp_extract(_path, '[^/]+$')"
_FIRST_YEAR = "TIMESTAMP '1000-01-01'"  # 13/03/24 is a day of the year 13 for the cast
_UNIX = {"unix": 1, "unix-ms": 1_000}
_FURTHEST_SECOND = 100_000_000_000  # the year 5138; a number beyond is no unix second


@dataclass(frozen=True)
class Made:
    """A column of ours as SQL, in three layers so that nothing is worked out twice.

    text      what the raw column or expression says, over the raw columns
    typed     that text (now a column of our name) as a value, where it is no text; called `<name> as read`
    value     what it comes to, over the two
    reason    why a text that comes to nothing cannot be read; of a text none
    constant  nothing varies from row to row
    """

    name: str
    text: str
    value: str
    typed: str | None = None
    reason: str = ""
    constant: bool = False

    @property
    def unreadable(self) -> str:
        """The condition of rows whose text comes to nothing; NaN is how a frame's file writes "no value"."""
        says = f"lower(trim({quoted(self.name)})) NOT IN ('', 'nan')"
        return f"(CASE WHEN {self.value} IS NULL THEN coalesce({says}, false) ELSE false END)"


@dataclass(frozen=True)
class Mapper:
    """Makes a table's columns from files with the layout of `file`."""

    table: str
    file: RawFile
    source: Source

    @cached_property
    def wanted(self) -> dict[str, str]:
        """Our column → raw column or expression: as the config says; if it says nothing, by usual names.

        Of an event's further columns only those are ours that repeat something of its item or user. A fact's `item_id`
        is a head that is an item, and its provenance is its file unless something else is said.
        """
        if self.source.columns or self.source.keep:
            named = {name: name for name in self.source.keep} | self.source.columns
            return _of_fact(named) if self.table == "facts" else named
        named = usual(self.file.columns, self.table)
        if self.table in ("facts", "links"):
            return _of_fact(named) if self.table == "facts" else named
        own = _REPEATED if self.table == "events" else ("",)
        rest = (name for name in self.file.columns if name not in named.values() and name.startswith(own))
        return {name: name for name in rest} | named

    @cached_property
    def columns(self) -> list[Made]:
        """The canonical columns, then the shop's own. Raises KgError where a required one is not to be had."""
        canonical = RAW[self.table]
        known = {column.name for column in canonical}
        own = [Column(name, "string", "") for name in self.wanted if name not in known]
        for column in own:
            near = get_close_matches(column.name, known, 1, 0.8)
            if near and self.table == "events" and not column.name.startswith(_REPEATED):
                raise KgError(
                    "the events have no such column",
                    column=f"events.columns.{column.name}",
                    fix=f"Did you mean {near[0]!r}? One of your own begins with item_ or user_.",
                )
        for name in self.source.several:
            if name not in {column.name for column in own}:
                problem = "this column holds one value" if name in known else "there is no such column"
                fix = f"Name one of your own: {', '.join(column.name for column in own) or 'there is none'}."
                raise KgError(problem, column=f"{self.table}.several", value=name, fix=fix)
        return [self._make(column) for column in (*canonical, *own)]

    def _make(self, column: Column) -> Made:
        default = None if column.default is None else literal(column.default)
        given = self.wanted.get(column.name, default)
        if given is None:
            if column.required:
                raise self._incomplete()
            return Made(column.name, "NULL", f"NULL::{_SQL[column.type]}", constant=True)
        text, name = self._text(given, typed=column.type != "string"), quoted(column.name)
        if column.name in self.source.several:
            return Made(column.name, text, _split(name, self.source.several[column.name]))
        if column.name == "kind" and self.source.kinds:
            cases = (f"WHEN {literal(theirs)} THEN {literal(ours)}" for theirs, ours in self.source.kinds.items())
            return Made(column.name, text, f"CASE {name} {' '.join(cases)} ELSE {name} END")
        if column.type == "string":
            constant = re.fullmatch("'[^']*'", given) is not None
            return Made(column.name, text, text if constant else name, constant=constant)
        expected = _EXPECTED[column.type]
        if column.type == "timestamp" and self.source.time_format != "auto":
            expected = f"a time in the format {self.source.time_format!r}"
        read = name
        if column.type == "float64" and self._has_decimal_comma(given):
            read, expected = f"replace(replace({name}, '.', ''), ',', '.')", "a number such as 12,5"
        typed, value = self._typed(column.type, read, quoted(f"{column.name} as read"))
        return Made(column.name, text, value, typed, f"not {expected}")

    def _incomplete(self) -> KgError:
        """What is said where required columns are not to be had: all of them."""
        needed = [each for each in RAW[self.table] if each.required and each.default is None]
        absent = [f"no column {each.name!r} ({each.meaning})" for each in needed if each.name not in self.wanted]
        return KgError(
            f"the {self.table} have {' and '.join(absent)}",
            file=self.file.path,
            fix=f"Name it under [{self.table}.columns]; the file has {', '.join(self.file.columns)}.",
        )

    def _text(self, given: str, *, typed: bool) -> str:
        """What a raw column or an expression says, as text; missing ones are null, empty ones where that is the end."""
        raw = self._raw(given)
        text = f"CAST({raw} AS VARCHAR)"
        if not typed:
            trimmed = f"nullif(trim({text}), '')"
            column = raw.startswith('"')  # cheap to name again; and to trim is dear where there is nothing to trim
            text = f"CASE WHEN contains({text}, ' ') THEN {trimmed} ELSE nullif({text}, '') END" if column else trimmed
        if self.source.missing:
            text = f"CASE WHEN trim({text}) NOT IN ({', '.join(map(literal, self.source.missing))}) THEN {text} END"
        return text

    def _raw(self, given: str) -> str:
        """A raw column of this name (SQL's names ignore case), or the expression itself."""
        for name, kind in zip(self.file.columns, self.file.types or ("",) * len(self.file.columns), strict=True):
            if given.lower() in (name.lower(), quoted(name).lower()):
                if kind.startswith("list"):
                    return f"to_json({quoted(name)})"
                return _whole(quoted(name)) if kind in ("double", "float") else quoted(name)
            if self.file.format == "jsonl" and given.lower().startswith(f"{name.lower()}."):
                inner = "".join(f'."{part}"' for part in given[len(name) + 1 :].split("."))
                return f"json_extract_string({quoted(name)}, {literal(f'${inner}')})"
        if not re.fullmatch(r"[^\W\d]\w*", given) or given.lower() in ("true", "false", "null"):
            return f"({given})"
        near = get_close_matches(given, self.file.columns, 1, 0.5)
        raise KgError(
            "the file has no such column",
            file=self.file.path,
            column=given,
            fix=f"{f'Did you mean {near[0]!r}? ' if near else ''}It has {', '.join(self.file.columns)}.",
        )

    def _has_decimal_comma(self, given: str) -> bool:
        """Whether it is a column of texts with a comma before the cents; an expression makes its own numbers."""
        types = dict(zip(self.file.columns, self.file.types, strict=False))
        texts = {name.lower() for name in self.file.columns if types.get(name, "string").endswith("string")}
        return self.source.decimal == "," and given.lower() in texts

    def _typed(self, kind: Type, text: str, typed: str) -> tuple[str, str]:
        """Of a text: itself as a value, and what that comes to."""
        how = self.source.time_format
        if kind == "boolean":
            return f"TRY_CAST(trim({text}) AS BOOLEAN)", typed
        if kind == "float64":
            return f"TRY_CAST({text} AS DOUBLE)", f"CASE WHEN isfinite({typed}) THEN {typed} END"
        if how in _UNIX:
            seconds = f"to_timestamp({typed})::TIMESTAMP"
            return (
                f"TRY_CAST({text} AS DOUBLE) / {_UNIX[how]}",
                f"CASE WHEN abs({typed}) < {_FURTHEST_SECOND} THEN {seconds} END",
            )
        if how == "auto":
            # the usual way of writing it is read quickly; the cast heeds an offset, and the session's zone is UTC
            read = f"coalesce(try_strptime({text}, {_USUAL_TIME}), TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP)"
            return read, f"CASE WHEN {typed} >= {_FIRST_YEAR} THEN {typed} END"
        return f"try_strptime(trim({text}), {literal(how)})::TIMESTAMP", typed


def _of_fact(named: dict[str, str]) -> dict[str, str]:
    rest = {name: text for name, text in named.items() if name != "item_id"}
    head = {} if "head" in named or "item_id" not in named else {"head": named["item_id"], "head_type": "'item'"}
    return {"provenance": _FILE_NAME} | head | rest


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text as an SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def _split(text: str, separator: str) -> str:
    """The values of a cell as a list, null where there is none."""
    parts = f"string_split({text}, {literal(separator)})"
    listed = (
        f"CASE WHEN {text}[1] = '[' AND json_valid({text}) THEN from_json({text}, '[\"VARCHAR\"]') ELSE {parts} END"
    )
    return f"nullif(list_filter(list_transform({listed}, lambda x: trim(x)), lambda x: x <> ''), [])"


def _whole(name: str) -> str:
    """A floating column as text, whole numbers (ids in a frame with gaps) without their '.0'."""
    return f"CASE WHEN {name} = floor({name}) THEN format('{{:.0f}}', {name}) ELSE {name}::VARCHAR END"
