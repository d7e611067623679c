"""Rows that cannot be read: where they lie and why."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from kg.errors import readable
from kg.files import as_written, harmless, replacing
from kg.sources.files import LONGEST_LINE, RawFile

LISTED = 100
"""So many are told; all are counted, and written into a file."""
REJECTS = "rejects.csv"
"""The name of that file."""
_COLUMNS = ("table", "file", "line", "column", "value", "reason")


@dataclass(frozen=True)
class Reject:
    """`line` is the line of a text file (the header is line 1), the row of a Parquet file (the first is row 1)."""

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        told = f"{self.column} {readable(self.value or '')!r} is " if self.column else ""
        return f"line {self.line}: {told}{self.reason}"


def located(
    file: RawFile, first: int, torn: Iterator[tuple[int, Reject]], rows: Iterator[tuple[int, Reject]]
) -> Iterator[Reject]:
    """The torn records of a file and its staged rows that cannot be used, in its order and with their true lines.

    Both are told by number, with line 0: rows keep the order of their file, from `first` on, but for the torn ones,
    which are left out and count records, not lines. The file is read again, as far as the last of them.
    """
    row = first - 1
    next_torn, next_row = next(torn, None), next(rows, None)
    for nth, (line, holds) in enumerate(file.records(), 1):
        if not (next_torn or next_row):
            return
        if next_torn and nth == next_torn[0]:
            yield replace(next_torn[1], line=line)
            next_torn = next(torn, None)
        elif holds:
            row += 1
            if next_row and row == next_row[0]:
                yield replace(next_row[1], line=line)
                next_row = next(rows, None)


def written(rejects: Iterable[tuple[str, Reject]], path: Path | None) -> tuple[Reject, ...]:
    """Write the rejects of all tables, each with its table's name, to a CSV file; return the first.

    Without a path nothing is written and no more of them are looked for.
    """
    every = iter(rejects)
    first = list(islice(every, LISTED))
    if first and path is not None:
        with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(_COLUMNS)
            for rows in (first, every):
                for table, each in rows:
                    cells = (table, each.file, each.line, each.column, each.value, each.reason)
                    writer.writerow(map(harmless, cells))
    listed = (each for _, each in first)
    return tuple(replace(each, value=each.value and readable(each.value)) for each in listed)


def read_rejects(path: Path, table: str, files: Collection[str]) -> Iterator[Reject]:
    """Those of some files of a table among what was written to a path; none where there is no such file."""
    if not path.exists():
        return
    csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))  # Python's own limit is shorter than some texts
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells = {name: as_written(text) for name, text in row.items()}
            if cells["table"] == table and cells["file"] in files:
                place = (cells["file"], int(cells["line"]), cells["column"] or None)
                yield Reject(*place, cells["value"], cells["reason"])
