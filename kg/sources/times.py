"""The usual ways of writing a moment that are not ISO 8601, told from the values themselves."""

from __future__ import annotations

from typing import Any

from kg.sources.mapping import literal

_DATES = (
    "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日",
    "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d %b %Y", "%b %d, %Y",
)  # fmt: skip
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", " %H.%M")
FORMATS = tuple(date + clock for date in _DATES for clock in _CLOCKS)
_SAMPLE = 1_000


def reading_all(sql: Any, text: str, rows: str) -> tuple[str, ...]:
    """The formats that read every value of a text column of `rows`: none, one, or several where days look like months.

    A sample leaves few of them to be tried on all.
    """
    sample = f"(SELECT {text} FROM {rows} WHERE {text} IS NOT NULL LIMIT {_SAMPLE})"
    likely = _reading(sql, text, sample, FORMATS)
    return _reading(sql, text, rows, likely) if likely else ()


def reading(sql: Any, value: str) -> tuple[str, ...]:
    """The formats that read one value."""
    return _reading(sql, "text", f"(SELECT {literal(value)} AS text)", FORMATS)


def _reading(sql: Any, text: str, rows: str, formats: tuple[str, ...]) -> tuple[str, ...]:
    # a year below 1000 is one of two digits that %Y has read
    reads = "coalesce(year(try_strptime(trim({text}), {how})) >= 1000, {text} IS NULL)"
    asked = (f"bool_and({reads.format(text=text, how=literal(how))})" for how in formats)
    found = sql.execute(f"SELECT {', '.join(asked)} FROM {rows}").fetchall()[0]
    return tuple(how for how, all_read in zip(formats, found, strict=True) if all_read)
