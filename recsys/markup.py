"""Pieces of a web page; whatever is not `Markup` already is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(tag: str, *parts: object, kind: str = "") -> Markup:
    """A tag of a class `kind` around its parts."""
    given = f' class="{escape(kind)}"' if kind else ""
    return Markup(f"<{tag}{given}>{together(*parts)}</{tag}>")


def together(*parts: object) -> Markup:
    """HTML of one thing after the other."""
    return Markup("".join(map(text, parts)))


def text(part: object) -> Markup:
    """HTML of anything; whole numbers with commas between thousands."""
    match part:
        case Markup():
            return part
        case int():
            return Markup(f"{part:,}")
        case _:
            return Markup(escape(str(part)))


def section(heading: str, *parts: object) -> Markup:
    """A part of the page under its heading."""
    return element("section", element("h2", heading), *parts)


def tiles(figures: Mapping[str, object]) -> Markup:
    """Figures under their names, side by side."""
    named = (element("div", element("dt", name), element("dd", figure)) for name, figure in figures.items())
    return element("dl", *named, kind="tiles")


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], kinds: Sequence[str] = (), kind: str = ""
) -> Markup:
    """A table that is scrolled sideways where it is too wide; `kinds` are classes of its rows.

    Columns of words stand to the left, those of numbers and markup to the right.
    """
    body = list(rows)
    words = [place == 0 or any(type(row[place]) is str for row in body) for place in range(len(headings))]

    def line(tag: str, cells: Sequence[object]) -> list[Markup]:
        return [element(tag, cell, kind="text" if left else "") for cell, left in zip(cells, words, strict=True)]

    head = element("thead", element("tr", *line("th", headings)))
    lines = [element("tr", *line("td", row), kind=of) for row, of in zip(body, kinds or [""] * len(body), strict=True)]
    return element("div", element("table", head, element("tbody", *lines), kind=kind), kind="wide")


def folded(summary: str, *parts: object) -> Markup:
    """Shown when the summary is touched."""
    return element("details", element("summary", summary), *parts)
