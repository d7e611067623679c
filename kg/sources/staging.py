"""Raw files → one Parquet file of our columns. Every raw file is read once; nothing is lost in silence.

Beside our columns a staged row has what later steps ask of it: `_hash` of the whole raw row, `_bad` (which check it
fails, from 1; 0: none) with the text `_bad_text`, `_file`, and the raw columns that rules mention. It keeps its place:
DuckDB's `file_row_number` is its number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from kg.config import Source
from kg.engine import Engine
from kg.errors import KgError
from kg.files import full_disk_told
from kg.sources.files import RawFile, find, look
from kg.sources.mapping import Made, Mapper, literal, quoted
from kg.sources.rejects import Reject, torn_lines

_NO_DELIMITER = "\x01"  # a JSON line cannot hold it: control characters are escaped there
_LONGEST_LINE = 64 << 20


@dataclass(frozen=True)
class Staged:
    """`columns` of ours in the file at `path`, which lacks the `torn` lines; `checks` are what `_bad` counts."""

    table: str
    path: Path
    files: tuple[RawFile, ...]
    columns: tuple[str, ...]
    checks: tuple[Made, ...]
    torn: tuple[Reject, ...]

    @property
    def rows(self) -> str:
        """The FROM clause of its rows, numbered `_row`."""
        return (
            f"(SELECT * RENAME (file_row_number AS _row) FROM read_parquet({literal(self.path)}, file_row_number=true))"
        )


def stage(engine: Engine, table: str, source: Source, folder: Path, target: Path, mentioned: Sequence[str]) -> Staged:
    """Read a source's files into `target`; raw columns named in `mentioned` texts stay beside ours.

    Raises KgError where a file cannot be read or lacks a column, or an expression cannot be understood.
    """
    files = sorted((look(path, source) for path in find(source.paths, folder)), key=lambda file: str(file.layout))
    words = " ".join(mentioned).lower()
    mappers = []
    selects = []
    for _, alike in groupby(files, key=lambda file: file.layout):
        group = list(alike)
        mapper = Mapper(table, group[0], source)
        relation = _relation(group)
        _check_expressions(engine.sql, mapper, relation)
        mappers.append(mapper)
        selects.append(_select(mapper, relation, words))
    _copy(engine.sql, " UNION ALL BY NAME ".join(selects), target, files)
    columns = dict.fromkeys(column.name for mapper in mappers for column in mapper.columns)
    checks = max((mapper.checks for mapper in mappers), key=len)
    return Staged(table, target, tuple(files), tuple(columns), tuple(checks), torn_lines(engine.sql))


def raw_rows(source: Source, folder: Path) -> tuple[RawFile, str]:
    """The first of a source's files, and the FROM clause of all those like it. Raises KgError as `stage` does."""
    files = [look(path, source) for path in find(source.paths, folder)]
    return files[0], _relation([file for file in files if file.layout == files[0].layout])


def first_line(error: Exception) -> str:
    """What DuckDB says, without its picture of the query."""
    return str(error).strip().split("\n")[0]


def _select(mapper: Mapper, relation: str, words: str) -> str:
    raw = mapper.file.columns
    ours = {column.name.lower() for column in mapper.columns}
    values = [f"{column.value} AS {quoted(column.name)}" for column in mapper.columns]
    values += [quoted(name) for name in raw if name.lower() in words and name.lower() not in ours]
    bad = "".join(f"WHEN {check.unreadable} THEN {nth} " for nth, check in enumerate(mapper.checks, 1))
    text = "".join(f"WHEN {check.unreadable} THEN {check.text} " for check in mapper.checks)
    values += [
        f"hash({', '.join(map(quoted, raw))}) AS _hash",
        f"(CASE {bad}ELSE 0 END)::UTINYINT AS _bad" if bad else "0::UTINYINT AS _bad",
        f"(CASE {text}END)::VARCHAR AS _bad_text" if bad else "NULL::VARCHAR AS _bad_text",
        "_file",
    ]
    return f"SELECT {', '.join(values)} FROM {relation}"


def _relation(files: Sequence[RawFile]) -> str:
    """The FROM clause for files of one layout: their columns and `_file`; of JSON lines also `_broken` ones."""
    first = files[0]
    paths = f"[{', '.join(literal(file.path) for file in files)}]"
    if first.format == "parquet":
        return f"read_parquet({paths}, union_by_name=true, filename='_file')"
    if first.format == "csv":
        return _csv(paths, first.columns, first.delimiter, first, quote='"')
    types = literal("{" + ", ".join(f'"{name}": "VARCHAR"' for name in first.columns) + "}")
    lines = _csv(paths, ("_line",), _NO_DELIMITER, first, quote="")
    broken = "CASE WHEN NOT (json_valid(_line) AND ltrim(_line)[1] = '{') THEN _line END AS _broken"
    # a line that is no object stands as one without keys
    values = f"json_transform(CASE WHEN _broken IS NULL THEN _line ELSE '{{}}' END, {types})"
    return f"(SELECT unnest({values}), _broken, _file FROM (SELECT *, {broken} FROM {lines}))"


def _csv(paths: str, columns: Sequence[str], delimiter: str, file: RawFile, quote: str) -> str:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"read_csv({paths}, auto_detect=false, columns={{{types}}}, delim={literal(delimiter)}, "
        f"quote={literal(quote)}, escape={literal(quote)}, header={file.has_header}, "
        f"encoding={literal(file.encoding)}, filename='_file', max_line_size={_LONGEST_LINE}, store_rejects=true)"
    )


def _check_expressions(sql: Any, mapper: Mapper, relation: str) -> None:
    import duckdb

    for column in mapper.columns:
        try:
            sql.execute(f"DESCRIBE SELECT {column.value} FROM {relation}")
        except duckdb.Error as error:
            raise KgError(
                f"an expression cannot be understood: {first_line(error)}",
                file=mapper.file.path,
                column=f"{mapper.table}.columns.{column.name}",
                value=mapper.wanted.get(column.name),
                fix=f"Mend it: DuckDB's SQL over {', '.join(mapper.file.columns)}.",
            ) from error


def _copy(sql: Any, query: str, target: Path, files: Sequence[RawFile]) -> None:
    import duckdb

    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with full_disk_told(target):
            sql.execute(f"COPY ({query}) TO {literal(target)} (FORMAT parquet)")
    except duckdb.ConversionException as error:
        fix = "Make the expression of the config hold for every row: TRY_CAST, nullif."
        raise KgError(f"an expression fails on a value: {first_line(error)}", file=files[0].path, fix=fix) from error
    except duckdb.Error as error:
        told = ", ".join(str(file.path) for file in files)
        raise KgError(f"the file cannot be read: {first_line(error)}", file=told, fix="Write it again.") from error
