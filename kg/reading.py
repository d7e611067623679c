"""From a shop's raw files to its canonical tables, with a report of what was taken out."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.columns import TABLES, Column
from kg.config import KgConfig, Rule, Source, read_config
from kg.engine import Engine
from kg.errors import KgError
from kg.sources.skos import read_skos
from kg.tables import Tables

_SQL = {"string": "VARCHAR", "float64": "DOUBLE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN"}
_DEFAULTS = {"kind": "'purchase'"}
_MAX_REJECTED = 0.01
"""More rejected rows than this share, and the mapping is wrong rather than the data: an error, not a report."""


@dataclass(frozen=True)
class RuleCount:
    """`rows` match in the raw file, `removed` were still there when the rule's turn came."""

    name: str
    rows: int
    removed: int


@dataclass(frozen=True)
class IngestReport:
    """What was read, kept and taken out; users and items are counted over what is not a return."""

    rows_read: int
    events: Mapping[str, int]
    users: int
    items: int
    rules: tuple[RuleCount, ...]
    rejects: tuple[Mapping[str, object], ...]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(config: str | Path | KgConfig, events: str | Path | None = None) -> Tables:
    """The tables of the shop that a config describes."""
    return ingest(config if isinstance(config, KgConfig) else read_config(Path(config)), events)[0]


def ingest(
    config: KgConfig, events: str | Path | None = None, engine: Engine | None = None
) -> tuple[Tables, IngestReport]:
    """Read, map and clean; `events` (file, folder or glob) takes the place of the config's own path.

    Raises KgError naming the file, and the row, column and value where a file is not what the config says.
    """
    engine = engine or Engine()
    sql = engine.connection.con
    paths = [str(events)] if events is not None else _paths(config, config.events)
    if not paths:
        raise KgError("no events were given", fix="Name a file with --events, or a path under [events].")
    path = ", ".join(paths)
    raw = load_raw(sql, "raw_events", paths)
    n_read = sql.execute("SELECT count(*) FROM raw_events").fetchall()[0][0]
    if not n_read:
        raise KgError("the file has no rows", file=path, fix="Give a log with at least one event.")
    rules = _clean(sql, config.clean, path)
    rejects = _map(sql, "events", config.events.columns, raw, path)
    if len(rejects) > _MAX_REJECTED * n_read:
        raise KgError(
            f"{len(rejects):,} of {n_read:,} rows cannot be read as the config says",
            **_where(rejects[0]),
            fix="Check the mapping under [events.columns].",
        )
    for name in ("items", "users"):
        source: Source = getattr(config, name)
        if places := _paths(config, source):
            _map(sql, name, source.columns, load_raw(sql, f"raw_{name}", places), ", ".join(places))
    facts = read_skos(config.folder / config.taxonomy) if config.taxonomy else None
    given = {name: sql.table(name).to_arrow_table() for name in ("items", "users") if _exists(sql, name)}
    kinds = dict(sql.execute("SELECT kind, count(*) FROM events GROUP BY 1 ORDER BY 1").fetchall())
    counts = "SELECT count(DISTINCT user_id), count(DISTINCT item_id) FROM events WHERE kind <> 'return'"
    users, items = sql.execute(counts).fetchall()[0]
    no_events = sql.sql("SELECT * FROM events LIMIT 0").to_arrow_table()
    tables = Tables.of(no_events, facts=facts, engine=engine, **given).with_events(engine.connection.table("events"))
    return tables, IngestReport(n_read, kinds, users, items, rules, tuple(rejects))


def _paths(config: KgConfig, source: Source) -> list[str]:
    return [str(config.folder / path) for path in source.paths]


def _exists(sql: Any, table: str) -> bool:
    return bool(sql.execute(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{table}'").fetchall())


def load_raw(sql: Any, table: str, paths: list[str]) -> list[str]:
    """Raw files as a table with its line number in `_row`; CSV as text, so that a bad value can be shown."""
    import duckdb

    files: list[Path] = []
    for path in paths:
        place = Path(path)
        found = sorted(place.iterdir()) if place.is_dir() else sorted(place.parent.glob(place.name))
        if not found:
            raise KgError("no such file", file=path, fix="Check the path, or quote the glob.")
        files += found
    name = files[0].name.removesuffix(".gz")
    listed = "[" + ", ".join("'" + str(file).replace("'", "''") + "'" for file in files) + "]"
    if name.endswith(".parquet"):
        reader = f"read_parquet({listed})"
    elif name.endswith((".json", ".jsonl", ".ndjson")):
        reader = f"read_json_auto({listed}, format = 'newline_delimited')"
    else:
        # the delimiter is taken from the header: DuckDB's sniffer reads a ragged file as one column
        options = f"header = true, all_varchar = true, null_padding = false, delim = '{_delimiter(files[0])}'"
        reader = f"read_csv({listed}, {options})"
    try:
        sql.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT row_number() OVER () + 1 AS _row, * FROM {reader}")
    except (duckdb.Error, UnicodeError) as error:
        lines = str(error).splitlines()
        problem = f"the file cannot be read: {lines[0]}"
        raise KgError(problem, file=", ".join(paths), fix="Mend the file or its format.") from error
    return [column for column in sql.table(table).columns if column != "_row"]


def _delimiter(file: Path) -> str:
    """Whichever of the usual ones stands most often in the first line; a comma where none does."""
    with (gzip.open if file.suffix == ".gz" else Path.open)(file, "rt", errors="replace") as lines:
        header = lines.readline()
    return max(",;\t|", key=header.count)


def _clean(sql: Any, rules: tuple[Rule, ...], path: str) -> tuple[RuleCount, ...]:
    """Mark the rows of `raw_events`: `_gone` the first rule that drops a row, `_return` a return."""
    import duckdb

    raw = [column for column in sql.table("raw_events").columns if column != "_row"]
    columns = ", ".join('"' + column.replace('"', '""') + '"' for column in raw)
    sql.execute("ALTER TABLE raw_events ADD COLUMN _gone BOOLEAN DEFAULT false")
    sql.execute("ALTER TABLE raw_events ADD COLUMN _return BOOLEAN DEFAULT false")
    counts = []
    for rule in rules:
        repeats = f"_row NOT IN (SELECT min(_row) FROM raw_events GROUP BY {columns})"
        where = f"coalesce(({rule.where}), false)" if rule.where else repeats
        try:
            rows = sql.execute(f"SELECT count(*) FROM raw_events WHERE {where}").fetchall()[0][0]
        except duckdb.Error as error:
            problem = f"the rule {rule.name!r} cannot be applied: {str(error).splitlines()[0]}"
            raise KgError(problem, file=path, value=rule.where, fix="Mend its `where`.") from error
        left = f"{where} AND NOT _gone" + (" AND NOT _return" if rule.action == "return" else "")
        mark = "_return" if rule.action == "return" else "_gone"
        removed = sql.execute(f"SELECT count(*) FROM raw_events WHERE {left}").fetchall()[0][0]
        sql.execute(f"UPDATE raw_events SET {mark} = true WHERE {left}")
        counts.append(RuleCount(rule.name, rows, removed))
    return tuple(counts)


def _map(sql: Any, table: str, columns: Mapping[str, str], raw: list[str], path: str) -> list[dict[str, object]]:
    """Make the canonical table of a raw one; returns the rows whose values do not fit, which are left out."""
    import duckdb

    texts = _expressions(table, columns, raw, path)
    canonical = {column.name: column for column in TABLES[table]}
    typed = {name: _typed(text, canonical.get(name)) for name, text in texts.items()}
    kept = "NOT _gone" if table == "events" else "true"
    bad = {name: _misfit(text, typed[name], canonical[name]) for name, text in texts.items() if name in canonical}
    if table == "events":
        typed["kind"] = f"CASE WHEN _return THEN 'return' ELSE {typed['kind']} END"
        typed["quantity"] = f"CASE WHEN _return THEN abs({typed['quantity']}) ELSE {typed['quantity']} END"
    selected = ", ".join(f'{expression} AS "{name}"' for name, expression in typed.items())
    misfit = " OR ".join(f"({condition})" for condition in bad.values())
    rejects: list[dict[str, object]] = []
    try:
        rows = f"SELECT {selected} FROM raw_{table} WHERE {kept} AND NOT ({misfit})"
        sql.execute(f"CREATE OR REPLACE TABLE {table} AS {rows}")
        for name, condition in bad.items():
            shown = f"SELECT _row, CAST(({texts[name] or 'NULL'}) AS VARCHAR) FROM raw_{table}"
            found = sql.execute(f"{shown} WHERE {kept} AND ({condition}) ORDER BY _row").fetchall()
            reason = f"not a {canonical[name].type}" if canonical[name].type != "string" else "missing"
            where = {"file": path, "column": name, "reason": reason}
            rejects += [where | {"line": row, "value": text} for row, text in found]
    except duckdb.Error as error:
        problem = f"the mapping of the {table} does not fit: {str(error).splitlines()[0]}"
        raise KgError(problem, file=path, fix=f"Mend [{table}.columns]; the file has {', '.join(raw)}.") from error
    return rejects


def _expressions(table: str, columns: Mapping[str, str], raw: list[str], path: str) -> dict[str, str | None]:
    """The SQL of every column of a canonical table: as mapped, by its own name, by default, or none."""
    names = [column.name for column in TABLES[table]]
    texts = {name: columns.get(name) or (f'"{name}"' if name in raw else _DEFAULTS.get(name)) for name in names}
    for column in TABLES[table]:
        if column.required and texts[column.name] is None:
            fix = f"Map it under [{table}.columns]; the file has {', '.join(raw)}."
            raise KgError(f"the {table} have no column {column.name!r} ({column.meaning})", file=path, fix=fix)
    own: Mapping[str, str] = columns or {name: f'"{name}"' for name in raw}
    return texts | {name: text for name, text in own.items() if name not in names}


def _misfit(text: str | None, typed: str, column: Column) -> str:
    """The condition under which a value is missing although required, or is there and of another type."""
    if text is None:
        return "false"
    return f"{typed} IS NULL" + ("" if column.required else f" AND ({text}) IS NOT NULL")


def _typed(expression: str | None, column: Column | None) -> str:
    kind = _SQL[column.type] if column else "VARCHAR"
    return f"TRY_CAST(({expression or 'NULL'}) AS {kind})"


def _where(reject: Mapping[str, object]) -> dict[str, Any]:
    return {"file": reject["file"], "row": reject["line"], "column": reject["column"], "value": reject["value"]}
