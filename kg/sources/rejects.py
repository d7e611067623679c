"""Rows that cannot be read: where they lie and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    line: int | None
    column: str | None
    value: str | None
    reason: str

    def __str__(self) -> str:
        told = f"{self.column} {self.value!r} is " if self.column else ""
        return f"line {self.line}: {told}{self.reason}"


def torn_lines(sql: Any) -> tuple[Reject, ...]:
    """The lines that the CSV reader has left out since it was last asked, in order of file and line."""
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


def lines_of(
    files: Sequence[RawFile], firsts: Mapping[str, int], torn: Sequence[Reject], rows: Sequence[tuple[str, int]]
) -> dict[int, int]:
    """The line of each (file, staged row). Text files are read again, as far as the last of them.

    `firsts` is the staged row that each file begins with: rows keep the order of their file, but for lines left out.
    """
    wanted: dict[str, set[int]] = defaultdict(set)
    for path, row in rows:
        wanted[path].add(row)
    left_out: dict[str, set[int]] = defaultdict(set)
    for reject in torn:
        left_out[reject.file].add(reject.line or 0)
    found: dict[int, int] = {}
    for file in files:
        path = str(file.path)
        if path not in wanted:
            continue
        last, row = max(wanted[path]), firsts[path] - 1
        for line in range(1, 2 + last - row) if file.format == "parquet" else file.lines():
            if line in left_out[path]:
                continue
            row += 1
            if row in wanted[path]:
                found[row] = line
            if row >= last:
                break
    return found
