"""A data set as it was published: its tables, and the files that say whether it is still the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from kg.columns import PART
from kg.errors import KgError
from kg.files import file_hash
from kg.tables import Tables

PURCHASE = "purchase"


@dataclass(frozen=True, eq=False)
class Published:
    """`tables` whose events may have a column `part` (train, validation, test); `form` is the files' own.

    `stated` are the kinds of event to recommend, where the files say so.
    """

    name: str
    form: str
    tables: Tables = field(repr=False)
    files: tuple[Path, ...]
    stated: tuple[str, ...] = ()

    @cached_property
    def identity(self) -> list[tuple[str, str]]:
        """Name and hash of every file, wherever they lie."""
        return sorted((file.name, file_hash(file)) for file in self.files)

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of event to recommend: those stated, or purchases, or all but returns where nothing was bought."""
        found = sorted(self.tables.events.select("kind").distinct().to_pyarrow()["kind"].to_pylist())
        if not {*self.stated}.isdisjoint(found):
            return self.stated
        return (PURCHASE,) if PURCHASE in found else tuple(kind for kind in found if kind != "return")

    @cached_property
    def has_times(self) -> bool:
        """Whether any event says when it was."""
        return bool(self.tables.events.time.notnull().any().to_pyarrow().as_py())

    @property
    def has_parts(self) -> bool:
        return PART in self.tables.events.columns


def not_empty(file: Path, found: Any) -> None:
    """Raise a KgError naming a file in which nothing was `found`."""
    if not len(found):
        raise KgError("the file is empty", file=file, fix="Give a file with at least one row.")
