"""Raw files → one table of our columns. Raw files are read once, again only to show bad rows; none is lost in silence.

Beside our columns a staged row has what later steps ask of it: `_row`, its number, in the order of the files; `_hash`
of the whole raw row, none of a line that is no row (of JSON lines); `_bad`, which check it fails, from 1 (0: none);
`_file`, the number of its file; whether it is `_gone` or `_turned` into a return, which rules say; and the raw columns
that rules mention.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

from kg.engine import Engine, memory_told
from kg.errors import KgError
from kg.files import full_disk_told
from kg.source_config import Source
from kg.sources.files import LONGEST_LINE, RawFile, find, look
from kg.sources.mapping import Made, Mapper, literal, quoted
from kg.sources.rejects import Reject
from kg.sources.torn import Torn, refuse_unended, take_torn

_NO_DELIMITER = "\x01"  # a JSON line cannot hold it: control characters are escaped there
_BROKEN = "_broken"  # the text of a line that should be a JSON object and is none
_LINE_ENDS = "state machine reached an invalid state"  # what DuckDB says of lines that end in several ways
T = TypeVar("T")
_ITS_FILE = ""  # no expression: the name of a row's file


@dataclass(frozen=True)
class Staged:
    """`columns` of ours in a table of the engine; what is `constant` is not kept in every row of it.

    `checks` are what `_bad` counts: a column (none: the whole line), and the reason. `fresh` are the rows just read;
    others were kept from an earlier time (see `kg.sources.keeping`). `torn` are the records that the fresh ones lack,
    `texts` is the query that reads their files again for the text of every row that failed; `lost` is how many records
    the others lack, and `told` gives, once, what of them could not be used.
    """

    table: str
    name: str
    files: tuple[RawFile, ...]
    columns: tuple[str, ...]
    constant: Mapping[str, str]
    checks: tuple[tuple[str | None, str], ...]
    torn: Torn
    texts: str
    fresh: range
    lost: int = 0
    told: Iterable[Reject] = ()

    @property
    def rows(self) -> str:
        """The FROM clause of its rows."""
        constant = "".join(f"{value} AS {quoted(name)}, " for name, value in spelled(self.constant, self.files).items())
        return f"(SELECT *, {constant}rowid AS _row FROM {self.name})"


def stage(engine: Engine, table: str, source: Source, folder: Path, name: str, mentioned: Sequence[str]) -> Staged:
    """Read a source's files into the table `name`; raw columns named in `mentioned` texts stay beside ours.

    Raises KgError where a file cannot be read or lacks a column, an expression cannot be understood, or there is no
    row.
    """
    files = [look(path, source) for path in find(source.paths, folder)]
    return with_any_line_ends(files, lambda files: _staged(engine, table, source, files, name, mentioned))


def with_any_line_ends(files: Sequence[RawFile], read: Callable[[Sequence[RawFile]], T]) -> T:
    """What reading files gives, by a more patient reader where the lines of one end in several ways."""
    import duckdb

    try:
        return read(files)
    except KgError as error:
        if not (isinstance(error.__cause__, duckdb.InvalidInputException) and _LINE_ENDS in str(error.__cause__)):
            raise
    return read([replace(file, mixed=True) for file in files])


def _staged(
    engine: Engine, table: str, source: Source, files: Sequence[RawFile], name: str, mentioned: Sequence[str]
) -> Staged:
    groups = [list(alike) for _, alike in groupby(files, key=lambda file: file.layout)]
    mappers = [Mapper(table, group[0], source) for group in groups]
    constant = _constant(mappers)
    checks = {made.name: made.reason for mapper in mappers for made in _checks(mapper)}
    selects, texts, first = [], [], 0
    for mapper, group in zip(mappers, groups, strict=True):
        relation = relation_of(group)
        _check_expressions(engine.sql, mapper, relation)
        select, text = _selects(mapper, relation, first, constant, list(checks), " ".join(mentioned).lower())
        selects.append(select)
        texts.append(text)
        first += len(group)
    _create(engine.sql, name, " UNION ALL BY NAME ".join(selects), files)
    columns = dict.fromkeys(column.name for mapper in mappers for column in mapper.columns)
    told = tuple((column or None, reason) for column, reason in checks.items())
    torn = take_torn(engine.sql, f"{name}_torn")
    refuse_unended(engine.sql, torn, name, files)
    fresh = range(engine.sql.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
    if not fresh and not torn.count:
        fix = "Give a file with at least one row below its header."
        raise KgError("the file has no rows", file=files[0].path, fix=fix)
    return Staged(table, name, tuple(files), tuple(columns), constant, told, torn, " UNION ALL ".join(texts), fresh)


def alike(source: Source, folder: Path) -> list[RawFile]:
    """The first of a source's files, and all those like it. Raises KgError as `stage` does."""
    files = [look(path, source) for path in find(source.paths, folder)]
    return [file for file in files if file.layout == files[0].layout]


def as_read(made: Sequence[Made], relation: str, also: Sequence[str] = ()) -> str:
    """The FROM clause over which the values of these columns are expressions, beside other raw ones."""
    texts = [f"{column.text} AS {quoted(column.name)}" for column in made]
    typed = [f"{column.typed} AS {quoted(f'{column.name} as read')}" for column in made if column.typed]
    return f"(SELECT {', '.join(['*', *typed])} FROM (SELECT {', '.join([*texts, *also])} FROM {relation}))"


def first_line(error: Exception) -> str:
    """What DuckDB says, without its picture of the query."""
    return str(error).strip().split("\n")[0]


def spelled(constant: Mapping[str, str], files: Sequence[RawFile]) -> dict[str, str]:
    """The expressions of columns that are not kept in every row of these files."""
    names = [literal(file.path.name) for file in files]
    told = f"[{', '.join(names)}][_file + 1]" if len(names) > 1 else names[0]
    return {name: told if value == _ITS_FILE else value for name, value in constant.items()}


def _constant(mappers: Sequence[Mapper]) -> dict[str, str]:
    """The columns that are alike in every row; an event's origin is its file unless the mapping says another."""
    found = [{made.name: made.value for made in mapper.columns if made.constant} for mapper in mappers]
    alike = {name: value for name, value in found[0].items() if all(other.get(name) == value for other in found)}
    if "origin" in alike and all("origin" not in mapper.wanted for mapper in mappers):
        alike["origin"] = _ITS_FILE
    return alike


def _checks(mapper: Mapper) -> list[Made]:
    """What may be unreadable in a row: every typed column, and a line that is no JSON object."""
    typed = [made for made in mapper.columns if made.typed]
    return [Made("", "", "", reason="not a JSON object"), *typed] if mapper.file.format == "jsonl" else typed


def _selects(
    mapper: Mapper, relation: str, first: int, constant: Mapping[str, str], checks: Sequence[str], words: str
) -> tuple[str, str]:
    """The staged rows, and their texts that fail, of files with one layout; `first` other files stand before them."""
    made = [column for column in mapper.columns if column.name not in constant]
    ours = {column.name.lower() for column in mapper.columns}
    raw = [quoted(name) for name in mapper.file.columns if name.lower() in words and name.lower() not in ours]
    broken = [_BROKEN] if mapper.file.format == "jsonl" else []
    whole = f"hash({', '.join(map(quoted, mapper.file.columns))})"
    hashed = f"{f'CASE WHEN {_BROKEN} IS NULL THEN {whole} END' if broken else whole} AS _hash"
    number = f"(_file + {first})::UINTEGER AS _file"
    values = [f"{column.value} AS {quoted(column.name)}" for column in made]
    checked = _checks(mapper)
    well = " AND ".join(f"{column.value} IS NOT NULL" if column.name else f"{_BROKEN} IS NULL" for column in checked)
    bad = f"WHEN {well or 'true'} THEN 0 "  # most rows: they are asked nothing else
    shown = ""
    for column in checked:
        nth = checks.index(column.name) + 1
        bad += f"WHEN {column.unreadable if column.name else f'{_BROKEN} IS NOT NULL'} THEN {nth} "
        shown += f"WHEN {nth} THEN {quoted(column.name or _BROKEN)} "
    rows = as_read(made, relation, [*raw, *broken, hashed, number])
    rows = f"(SELECT *, (CASE {bad}ELSE 0 END)::UTINYINT AS _bad FROM {rows})"
    kept = ", ".join([*values, *raw, "_hash", "_file", "_bad", "false AS _gone", "false AS _turned"])
    return f"SELECT {kept} FROM {rows}", f"SELECT CASE _bad WHEN 0 THEN NULL {shown}END AS text FROM {rows}"


def relation_of(files: Sequence[RawFile]) -> str:
    """The FROM clause for files of one layout: their columns and `_file`; of JSON lines also `_broken` ones."""
    first = files[0]
    paths = f"[{', '.join(literal(file.data) for file in files)}]"
    if first.format == "parquet":
        return _numbered(f"read_parquet({paths}, union_by_name=true, filename='_path')", paths)
    if first.format == "csv":
        return _csv(paths, first.columns, first.delimiter, first, first.quote)
    types = literal(json.dumps(dict.fromkeys(first.columns, "VARCHAR"), ensure_ascii=False))
    lines = _csv(paths, ("_line",), _NO_DELIMITER, first, "")
    broken = f"CASE WHEN NOT (json_valid(_line) AND ltrim(_line)[1] = '{{') THEN _line END AS {_BROKEN}"
    # a line that is no object stands as one without keys
    values = f"json_transform(CASE WHEN {_BROKEN} IS NULL THEN _line ELSE '{{}}' END, {types})"
    rows = f"SELECT *, {broken} FROM {lines} WHERE trim(_line, ' \t\r') <> ''"
    return f"(SELECT unnest({values}), {_BROKEN}, _file, _path FROM ({rows}))"


def _csv(paths: str, columns: Sequence[str], delimiter: str, file: RawFile, quote: str) -> str:
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return _numbered(
        f"read_csv({paths}, auto_detect=false, columns={{{types}}}, delim={literal(delimiter)}, "
        f"quote={literal(quote)}, escape={literal(quote)}, header={file.has_header}, strict_mode={not file.mixed}, "
        f"encoding={literal(file.encoding)}, filename='_path', max_line_size={LONGEST_LINE}, store_rejects=true)",
        paths,
    )


def _numbered(reader: str, paths: str) -> str:
    """With the number of the file beside its path."""
    return f"(SELECT *, list_position({paths}, _path) - 1 AS _file FROM {reader})"


def _check_expressions(sql: Any, mapper: Mapper, relation: str) -> None:
    import duckdb

    for column in mapper.columns:
        try:
            sql.execute(f"DESCRIBE SELECT {column.text} FROM {relation}")
        except duckdb.Error as error:
            raise KgError(
                f"an expression cannot be understood: {first_line(error)}",
                file=mapper.file.path,
                column=f"{mapper.table}.columns.{column.name}",
                value=mapper.wanted.get(column.name),
                fix=f"Mend it: DuckDB's SQL over {', '.join(mapper.file.columns)}.",
            ) from error


def _create(sql: Any, name: str, query: str, files: Sequence[RawFile]) -> None:
    import duckdb

    try:
        with full_disk_told(files[0].path), memory_told():
            sql.execute(f"CREATE TABLE {name} AS {query}")
    except duckdb.ConversionException as error:
        fix = "Make the expression of the config hold for every row: TRY_CAST, nullif."
        raise KgError(f"an expression fails on a value: {first_line(error)}", file=files[0].path, fix=fix) from error
    except duckdb.Error as error:
        told = ", ".join(str(file.path) for file in files)
        raise KgError(f"the file cannot be read: {first_line(error)}", file=told, fix="Write it again.") from error
