"""Records that the CSV reader leaves out: too few fields, too many, a quote that goes astray."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kg.sources.files import RawFile, unended_quote

_SHOWN = 10_000  # letters of a record that DuckDB shows; of a longer one it cannot be told whether its quotes are even
_REASONS = {
    "MISSING COLUMNS": "fewer fields than the header",
    "TOO MANY COLUMNS": "more fields than the header",
    "UNQUOTED VALUE": "a quote that does not end",
    "INVALID ENCODING": "not in the file's encoding",
    "LINE SIZE OVER MAXIMUM": "too long a line",
}


@dataclass(frozen=True)
class Torn:
    """What was left out, in a table of the engine: path, nth (of records and empty lines), text, reason."""

    table: str
    count: int = 0


def take_torn(sql: Any, table: str) -> Torn:
    """What was left out since it was last asked, moved to a new table."""
    sql.execute(f"CREATE TABLE {table} (path VARCHAR, nth BIGINT, text VARCHAR, reason VARCHAR)")
    if not sql.execute("FROM duckdb_tables() WHERE table_name = 'reject_errors'").fetchall():
        return Torn(table)
    told = "min(error_type::VARCHAR)"
    reason = f"coalesce(map({list(_REASONS)}, ?)[{told}], lower({told}))"
    found = sql.execute(
        f"INSERT INTO {table} SELECT file_path, line, coalesce(any_value(csv_line), ''), {reason} "
        "FROM reject_errors JOIN reject_scans USING (scan_id, file_id) GROUP BY 1, 2",
        [list(_REASONS.values())],
    ).fetchall()
    forget_torn(sql)
    return Torn(table, found[0][0])


def forget_torn(sql: Any) -> None:
    """Drop what was left out: it is told another time."""
    for table in ("reject_errors", "reject_scans"):
        sql.execute(f"DROP TABLE IF EXISTS {table}")


def refuse_unended(sql: Any, torn: Torn, rows: str, files: Sequence[RawFile]) -> None:
    """KgError where a quote does not end before its file does: nobody knows how many rows it has swallowed.

    `rows` is the table of those that were not torn, with the number of their file.
    """
    if not torn.count:
        return
    paths = {str(file.data): number for number, file in enumerate(files)}
    last = f"SELECT path, max(nth), arg_max(text, nth), count(*) FROM {torn.table} GROUP BY 1"
    for path, nth, text, n_torn in sql.execute(last).fetchall():
        file = files[paths[path]]
        n_rows = sql.execute(f"SELECT count(*) FROM {rows} WHERE _file = {paths[path]}").fetchall()[0][0]
        is_last = file.has_header + n_rows + n_torn <= nth
        is_open = len(text) >= _SHOWN or text.count(file.quote) % 2 == 1
        if file.quote and is_last and is_open and "\n" in text.strip():
            starts = (line for place, (line, _) in enumerate(file.records(), 1) if place == nth)
            raise unended_quote(file.path, next(starts), text.split("\n")[0])
