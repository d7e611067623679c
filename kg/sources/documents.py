"""Files whose rows must first be made: products with variants, nested feeds, events with a list of items.

A reader gives the rows of a file one by one; they are written as JSON lines, once a process, and read from there like
any other file. What is wrong with a row is told of the file they come from.
"""

from __future__ import annotations

import atexit
import json
import shutil
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from kg.errors import KgError

DOCUMENTS: dict[str, str] = {
    "ga4": "kg.sources.ga4:rows",
    "google-merchant": "kg.sources.merchant:rows",
    "kgat": "kg.sources.adjacency:rows",
    "schema-org": "kg.sources.schema_org:rows",
    "shopify": "kg.sources.shopify:rows",
}
"""Functions path → rows, each the line (or number) where it stands and its values by column; JSON's own types."""

LINE = "_line"
Row = tuple[int, dict[str, Any]]


def unrolled(path: Path, form: str) -> tuple[Path, tuple[str, ...]]:
    """A file of JSON lines with the rows of `path`, and their columns; KgError where it holds none."""
    stat = path.stat()
    return _unrolled(path, form, stat.st_size, stat.st_mtime_ns)


def lines(rows: Path) -> Iterator[int]:
    """Where the rows stand in the file that they were made of."""
    with rows.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)[LINE]


@cache
def _unrolled(path: Path, form: str, *_: int) -> tuple[Path, tuple[str, ...]]:
    module, name = DOCUMENTS[form].split(":")
    made = _scratch() / f"{len(list(_scratch().iterdir()))}.jsonl"
    columns: dict[str, None] = {}
    with made.open("w", encoding="utf-8") as file:
        for line, values in getattr(import_module(module), name)(path):
            columns |= dict.fromkeys(values)
            file.write(json.dumps({LINE: line, **values}, ensure_ascii=False) + "\n")
    if not columns:
        raise KgError("the file has no rows", file=path, fix=f"Give a file of the form {form!r} that holds some.")
    return made, tuple(columns)


@cache
def _scratch() -> Path:
    """A folder that goes with the process."""
    folder = Path(mkdtemp(prefix="cartograph-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
