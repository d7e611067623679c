"""Rows that no rule takes out and that cannot be used all the same: counted and told; too many of them are an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from kg.columns import RAW, Column
from kg.errors import KgError
from kg.source_config import Source
from kg.sources.files import RawFile
from kg.sources.mapping import literal
from kg.sources.rejects import Reject, located
from kg.sources.staging import Staged
from kg.sources.times import reading
from kg.sources.torn import forget_torn
from kg.steps.cleaning import Cleaning

_MISSING = "missing"
_DECIMAL_COMMA = r"-?\d+([. ]?\d{3})*,\d+"
_NO_LINE = 0  # until it is looked for


def unfit(table: str) -> str:
    """The condition of rows that cannot be used: a value that cannot be read, or a required one missing."""
    return " OR ".join(["_bad > 0", *(f"{column.name} IS NULL" for column in _required(table))])


def _required(table: str) -> list[Column]:
    return [column for column in RAW[table] if column.required]


def read_well(cleaning: Cleaning, table: str, source: Source) -> tuple[int, Iterable[Reject]]:
    """How many rows that no rule takes out cannot be used; and all of them, looked for as they are asked for.

    More than the share allowed of the rows just read raise.
    """
    sql, staged = cleaning.sql, cleaning.staged[table]
    rows = f"FROM {cleaning.rows(table)} WHERE ({unfit(table)})"
    count = _count(sql, rows) + staged.torn.count + staged.lost
    if not count:
        return 0, ()
    name = _kept_apart(sql, staged, f"{rows} AND _row >= {staged.fresh.start} AND _row < {staged.fresh.stop}")
    fresh, total = (n + staged.torn.count for n in (_count(sql, f"FROM {name}"), len(staged.fresh)))
    if fresh > source.max_rejects * total:
        first, *others = islice(_rejects(sql, staged, name), 3)
        also = "".join(f"{other}; " for other in map(str, others))
        how = _advice(sql, table, first)
        raise KgError(
            f"{fresh:,} of {total:,} rows cannot be read: {first.reason}",
            file=first.file,
            row=first.line,
            column=first.column,
            value=first.value,
            fix=f"Also {also}{how[0].lower()}{how[1:]}" if also else how,
        )
    return count, chain(staged.told, _rejects(sql, staged, name))


def _advice(sql: Any, table: str, first: Reject) -> str:
    """What to do about too many rows like this one."""
    value, kind = first.value or "", {column.name: column.type for column in RAW[table]}.get(first.column or "")
    if first.reason == _MISSING:
        of_table = "" if table == "events" else f', table = "{table}"'
        rule = f'name = "no {first.column}", where = "{first.column} IS NULL"{of_table}'
        return f"Take them out by a rule of the config, [[clean]] with {rule}; or map the column that has them."
    if kind == "float64" and re.fullmatch(_DECIMAL_COMMA, value):
        return f'Say decimal = "," under [{table}] where a comma stands before the cents.'
    if kind == "timestamp" and (formats := reading(sql, value)):
        return f"Say time_format = {' or '.join(map(repr, formats))} under [{table}]."
    return f"Mend them, or say under [{table}] how to read them: time_format, decimal, missing, encoding …"


def _kept_apart(sql: Any, staged: Staged, unfit: str) -> str:
    """A table of the fresh rows that cannot be used: what is missing, or the text that fails its check, read again."""
    name = f"{staged.name}_unfit"
    absent = " ".join(f"WHEN {column.name} IS NULL THEN {literal(column.name)}" for column in _required(staged.table))
    sql.execute(f"CREATE TABLE {name} AS SELECT _file, _row, _bad, CASE {absent} END AS absent, '' AS text {unfit}")
    if _count(sql, f"FROM {name} WHERE _bad > 0"):
        numbered = f"SELECT text, {staged.fresh.start} - 1 + row_number() OVER () AS _row FROM ({staged.texts})"
        failed = f"SELECT * FROM ({numbered}) WHERE _row IN (SELECT _row FROM {name} WHERE _bad > 0)"
        sql.execute(f"UPDATE {name} SET text = again.text FROM ({failed}) again WHERE {name}._row = again._row")
        forget_torn(sql)  # told already
    return name


def _rejects(sql: Any, staged: Staged, name: str) -> Iterator[Reject]:
    """The fresh rows that cannot be used, in the order of files and lines."""
    firsts = dict(sql.execute(f"SELECT _file, min(_row) FROM {staged.rows} GROUP BY 1").fetchall())
    for number, file in enumerate(staged.files):
        rows = _stream(sql, f"SELECT _row, _bad, absent, text FROM {name} WHERE _file = {number} ORDER BY _row")
        yield from located(file, firsts.get(number, 0), _torn(sql, staged, file), _told(staged, file, rows))


def _told(staged: Staged, file: RawFile, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[int, Reject]]:
    for row, bad, absent, text in rows:
        column, reason = staged.checks[bad - 1] if bad else (absent, _MISSING)
        yield row, Reject(str(file.path), _NO_LINE, column, text or "", reason)


def _torn(sql: Any, staged: Staged, file: RawFile) -> Iterator[tuple[int, Reject]]:
    if not staged.torn.count:
        return
    query = f"SELECT nth, text, reason FROM {staged.torn.table} WHERE path = {literal(file.data)} ORDER BY nth"
    for nth, text, reason in _stream(sql, query):
        yield nth, Reject(str(file.path), _NO_LINE, None, text.strip(), reason)


def _stream(sql: Any, query: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a query, some at a time, whatever else is asked meanwhile."""
    cursor = sql.cursor()
    cursor.execute(query)
    while rows := cursor.fetchmany(1_000):
        yield from rows


def _count(sql: Any, rows: str) -> int:
    return int(sql.execute(f"SELECT count(*) {rows}").fetchall()[0][0])
