"""Rows that no rule takes out and that cannot be used all the same: counted and told; too many of them are an error."""

from __future__ import annotations

from typing import Any

from kg.columns import RAW, Column
from kg.config import Source
from kg.errors import KgError
from kg.sources.mapping import literal
from kg.sources.rejects import LISTED, Reject, located
from kg.sources.staging import Staged, texts_of
from kg.steps.cleaning import Cleaning


def unfit(table: str) -> str:
    """The condition of rows that cannot be used: a value that cannot be read, or a required one missing."""
    return " OR ".join(["_bad > 0", *(f"{column.name} IS NULL" for column in _required(table))])


def _required(table: str) -> list[Column]:
    return [column for column in RAW[table] if column.required]


def read_well(cleaning: Cleaning, table: str, source: Source) -> tuple[int, tuple[Reject, ...]]:
    """How many rows that no rule takes out cannot be used, and the first of them.

    More than the share allowed of the rows just read raise.
    """
    sql, staged = cleaning.sql, cleaning.staged[table]
    rows = f"FROM {cleaning.rows(table)} WHERE ({unfit(table)})"
    count = _count(sql, rows) + len(staged.torn) + staged.lost
    if not count:
        return 0, ()
    rows = f"{rows} AND _row >= {staged.fresh.start} AND _row < {staged.fresh.stop}"
    fresh, total = (n + len(staged.torn) for n in (_count(sql, rows), len(staged.fresh)))
    rejects = _rejects(sql, staged, rows) if fresh else ()
    if fresh > source.max_rejects * total:
        first, *others = rejects[:3]
        also = "".join(f"{other}; " for other in map(str, others))
        how = f"Mend them, or say under [{table}] how to read them: time_format, missing, encoding …"
        raise KgError(
            f"{fresh:,} of {total:,} rows cannot be read: {first.reason}",
            file=first.file,
            row=first.line,
            column=first.column,
            value=first.value,
            fix=f"Also {also}{how[0].lower()}{how[1:]}" if also else how,
        )
    return count, (*staged.told, *rejects)[:LISTED]


def _rejects(sql: Any, staged: Staged, unfit: str) -> tuple[Reject, ...]:
    """The first of the fresh rows that cannot be used, in the order of files and lines."""
    absent = " ".join(f"WHEN {column.name} IS NULL THEN {literal(column.name)}" for column in _required(staged.table))
    rows = sql.execute(f"SELECT _file, _row, _bad, CASE {absent} END {unfit} ORDER BY _row LIMIT {LISTED}").fetchall()
    firsts = dict(sql.execute(f"SELECT _file, min(_row) FROM {staged.rows} GROUP BY 1").fetchall())
    lines, torn = located(staged.files, firsts, staged.torn, [(file, row) for file, row, *_ in rows])
    failed = [row for _, row, bad, _ in rows if bad]
    texts = texts_of(sql, staged, failed) if failed else {}
    found = list(torn)
    for file, row, bad, column in rows:
        told = staged.checks[bad - 1] if bad else (column, "missing")
        found.append(Reject(str(staged.files[file].path), lines[row], told[0], texts.get(row, ""), told[1]))
    return tuple(sorted(found, key=lambda reject: (reject.file, reject.line)))[:LISTED]


def _count(sql: Any, rows: str) -> int:
    return int(sql.execute(f"SELECT count(*) {rows}").fetchall()[0][0])
