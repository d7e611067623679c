"""Rows that cannot be read: where they lie and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kg.sources.files import RawFile

LISTED = 100
"""So many are told; all are counted."""

_REASONS = {
    "MISSING COLUMNS": "fewer fields than the header",
    "TOO MANY COLUMNS": "more fields than the header",
    "UNQUOTED VALUE": "a quote that does not end",
    "INVALID ENCODING": "not in the file's encoding",
    "LINE SIZE OVER MAXIMUM": "too long a line",
}


@dataclass(frozen=True)
class Reject:
    """`line` is the line of a text file (the header is line 1), the row of a Parquet file (the first is row 1)."""

    file: str
    line: int
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        told = f"{self.column} {self.value!r} is " if self.column else ""
        return f"line {self.line}: {told}{self.reason}"


def torn_lines(sql: Any) -> tuple[Reject, ...]:
    """The records that the CSV reader has left out since it was last asked: `line` counts records and empty lines."""
    tables = {name for (name,) in sql.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    if "reject_errors" not in tables:
        return ()
    rows = sql.execute(
        "SELECT file_path, line, any_value(error_type), any_value(csv_line) FROM reject_errors "
        "JOIN reject_scans USING (scan_id, file_id) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    sql.execute("DROP TABLE reject_errors")
    sql.execute("DROP TABLE reject_scans")
    return tuple(
        Reject(path, line, None, (text or "").strip(), _REASONS.get(kind, kind.lower()))
        for path, line, kind, text in rows
    )


def located(
    files: Sequence[RawFile], firsts: Mapping[int, int], torn: Sequence[Reject], rows: Sequence[tuple[int, int]]
) -> tuple[dict[int, int], list[Reject]]:
    """The line of each staged row, given with the number of its file, and the first torn ones with their lines.

    Files are read again, as far as the last of them. `firsts` is the staged row that each file begins with: rows keep
    the order of their file, but for the torn ones, which are left out and have counted records, not lines.
    """
    wanted: dict[int, set[int]] = defaultdict(set)
    for number, row in rows:
        wanted[number].add(row)
    found: dict[int, int] = {}
    placed: list[Reject] = []
    for number, file in enumerate(files):
        left_out = {reject.line: reject for reject in torn if reject.file == str(file.path)}
        if not (left_out or wanted[number]):
            continue
        row, last = firsts.get(number, 0) - 1, max(wanted[number], default=-1)
        last_torn = max([*left_out][:LISTED], default=0)
        for nth, (line, holds) in enumerate(file.records(), 1):
            if row >= last and nth > last_torn:
                break
            if nth in left_out:
                placed.append(replace(left_out[nth], line=line))
            elif holds:
                row += 1
                if row in wanted[number]:
                    found[row] = line
    return found, placed
