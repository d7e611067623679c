"""Taxonomies of one category to a line, an id and a path, as Google and Shopify publish them; and what maps them.

    1 - Animals & Pet Supplies                          Google: taxonomy-with-ids.en-US.txt
    3237 - Animals & Pet Supplies > Live Animals
    gid://shopify/TaxonomyCategory/ap-1 : Animals & Pet Supplies > Live Animals          Shopify: categories.txt

    → Animals & Pet Supplies > Live Animals             Shopify: a mapping to Google
    ⇒ Animals & Pet Supplies > Live Animals

A line that begins with # is a comment.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from kg.errors import KgError
from kg.sources.packed import open_lines
from kg.sources.taxonomy import BETWEEN, Taxonomy

_LINE = re.compile(r"(\S+)\s+[-:]\s+(\S.*)")
_OURS, _THEIRS = "→ ", "⇒ "
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?")


def read_paths(path: Path) -> Taxonomy:
    """A taxonomy of lines with ids and paths.

    Raises KgError with the row of a line that is none, of an id or path that stands there twice, and of a category
    whose parent is missing.
    """
    language = language_of(path)
    known: dict[str, str] = {}
    taxonomy = Taxonomy(path.name)
    rows: dict[str, int] = {}
    for row, line in _lines(path):
        if not (found := _LINE.fullmatch(line)):
            fix = "Write an id, a hyphen and a path: 3237 - Animals & Pet Supplies > Live Animals."
            raise KgError("no category stands in this line", file=path, row=row, value=line, fix=fix)
        category, place = found.groups()
        if category in rows or place in known:
            fix = f"Remove this line or that of row {rows.get(category) or rows[known[place]]}."
            raise KgError("a category stands there twice", file=path, row=row, value=line, fix=fix)
        known[place], rows[category] = category, row
    for place, category in known.items():
        above, _, name = place.rpartition(BETWEEN)
        if above and above not in known:
            fix = "Give that category a line too."
            raise KgError("the parent of a category is missing", file=path, row=rows[category], value=above, fix=fix)
        taxonomy.parents[category] = (known[above],) if above else ()
        taxonomy.names[category].append((language, name))
    return taxonomy


def read_mapping(path: Path) -> list[tuple[str, str]]:
    """(path, path in the other taxonomy) of every pair; of what maps to nothing there is none."""
    pairs: list[tuple[str, str]] = []
    ours = None
    for row, line in _lines(path):
        if line.startswith(_OURS):
            ours = line.removeprefix(_OURS)
        elif line.startswith(_THEIRS) and ours:
            pairs.append((ours, line.removeprefix(_THEIRS)))
        else:
            fix = f"Write {_OURS}A > B, and below it {_THEIRS}C > D."
            raise KgError("no part of a mapping stands in this line", file=path, row=row, value=line, fix=fix)
    if not pairs:
        raise KgError("the mapping is empty", file=path, fix=f"Write {_OURS}A > B, and below it {_THEIRS}C > D.")
    return pairs


def is_mapping(path: Path) -> bool:
    """Whether the first line that is no comment begins a pair."""
    return next((line.startswith(_OURS) for _, line in _lines(path)), False)


def language_of(path: Path) -> str:
    """What the name of a file or of its folder says: taxonomy-with-ids.zh-CN.txt, de/categories.txt; else none."""
    for part in (*path.name.split(".")[1:-1], path.parent.name):
        if _LANGUAGE.fullmatch(part):
            return part
    return ""


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """(row, text) of every line that says something."""
    try:
        with open_lines(path) as file:
            for row, line in enumerate(file, 1):
                text = line.strip()
                if "\N{REPLACEMENT CHARACTER}" in text:
                    raise KgError("the file is not UTF-8", file=path, row=row, fix="Convert it to UTF-8.")
                if text and not text.startswith("#"):
                    yield row, text
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise KgError(f"the taxonomy cannot be read: {reason}", file=path, fix="Check the path.") from error
