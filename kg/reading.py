"""From a shop's raw files to its canonical tables, with a report of what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kg.columns import RAW, Column
from kg.config import KgConfig, Source, read_config
from kg.engine import Engine, memory_told
from kg.errors import KgError
from kg.guessing import guess
from kg.sources.facts import of_tables, read_facts
from kg.sources.mapping import literal, quoted
from kg.sources.preset import with_presets
from kg.sources.rejects import LISTED, Reject, located
from kg.sources.skos import read_skos
from kg.sources.staging import Staged, stage, texts_of
from kg.steps.cleaning import Cleaning, RuleCount, mentioned
from kg.tables import Tables

_KEYS = {"items": "item_id", "users": "user_id"}


@dataclass(frozen=True)
class IngestReport:
    """What was read, kept and taken out; users and items are counted over what is not a return.

    `rejected` rows could not be read, of which `rejects` are the first; `checks` are figures of the raw log by name;
    `facts` are those that the files of [facts] come to, labels and values too.
    """

    rows_read: int
    events: Mapping[str, int]
    users: int
    items: int
    rules: tuple[RuleCount, ...]
    rejected: int
    rejects: tuple[Reject, ...]
    checks: Mapping[str, int]
    facts: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(config: str | Path | KgConfig | None = None, events: str | Path | None = None) -> Tables:
    """The tables of the shop that a config describes; without one, of a log as `kg.guessing.guess` understands it."""
    if config is None and events is not None:
        config = guess([Path(events)]).config
    elif not isinstance(config, KgConfig):
        config = KgConfig() if config is None else read_config(Path(config))
    return ingest(config, events)[0]


@memory_told()
def ingest(
    config: KgConfig, events: str | Path | None = None, engine: Engine | None = None
) -> tuple[Tables, IngestReport]:
    """Read, map and clean; `events` (file, folder or glob) takes the place of the config's own path.

    The events stay lazy, in a table of the engine. Raises KgError naming the file, and the row, column and value
    where a file is not what the config says.
    """
    engine = engine or Engine()
    config = with_presets(config.at([] if events is None else [Path(events)]))
    if not config.events.paths:
        raise KgError("no events were given", fix="Name a file with --events, or a path under [events].")
    named = {"events": config.events, "items": config.items, "users": config.users, "links": config.facts.links}
    if config.facts.paths:
        named["facts"] = of_tables(config.facts, config.folder)
    sources = {table: source for table, source in named.items() if source.paths}
    name = engine.fresh("ingest")
    texts = mentioned(config.clean, config.checks)
    staged = {
        table: stage(engine, table, source, config.folder, f"{name}_{table}_staged", texts)
        for table, source in sources.items()
    }
    cleaning = Cleaning(engine.sql, staged)
    checks = {check.name: cleaning.check(check) for check in config.checks}
    for rule in config.clean:
        cleaning.apply(rule)
    read_well = [_read_well(cleaning, table, sources[table]) for table in staged]
    views = {table: _view(cleaning, table) for table in staged}
    taxonomy = read_skos(config.folder / config.taxonomy) if config.taxonomy else None
    given = {table: engine.sql.table(views[table]).to_arrow_table() for table in _KEYS if table in views}
    no_events = engine.sql.sql(f"SELECT * FROM {views['events']} LIMIT 0").to_arrow_table()
    tables = Tables.of(no_events, facts=taxonomy, engine=engine, **given)
    log = engine.connection.table(views["events"])
    told = read_facts(engine, config.facts, config.folder, views) if config.facts.paths else None
    tables = tables.with_facts(engine.connection.table(told)) if told else tables
    tables = replace(tables, events=log, frames="pandas", config=config)  # files are no frames
    n_rows = _scalar(engine.sql, f"SELECT count(*) FROM {staged['events'].rows}") + len(staged["events"].torn)
    return tables, IngestReport(
        n_rows,
        **_counts(engine.sql, views["events"]),
        rules=tuple(cleaning.done),
        rejected=sum(count for count, _ in read_well),
        rejects=tuple(reject for _, rejects in read_well for reject in rejects)[:LISTED],
        checks=checks,
        facts=_scalar(engine.sql, f"SELECT count(*) FROM {told}") if told else 0,
    )


def _view(cleaning: Cleaning, table: str) -> str:
    """The name of a view of what is left of a table, without what cannot be read."""
    if table in _KEYS:
        cleaning.one_row_each(table, _KEYS[table])
    name = f"{cleaning.staged[table].name}_left"
    columns = ", ".join(map(quoted, cleaning.staged[table].columns))
    rows = f"SELECT {columns} FROM {cleaning.rows(table)} WHERE NOT ({_unfit(table)})"
    cleaning.sql.execute(f"CREATE VIEW {name} AS {rows}")
    return name


def _unfit(table: str) -> str:
    """The condition of rows that cannot be used: a value that cannot be read, or a required one missing."""
    return " OR ".join(["_bad > 0", *(f"{column.name} IS NULL" for column in _required(table))])


def _required(table: str) -> list[Column]:
    return [column for column in RAW[table] if column.required]


def _read_well(cleaning: Cleaning, table: str, source: Source) -> tuple[int, tuple[Reject, ...]]:
    """How many rows that no rule takes out cannot be used, and the first of them; more than the share allowed raise."""
    sql, staged = cleaning.sql, cleaning.staged[table]
    total = _scalar(sql, f"SELECT count(*) FROM {staged.rows}") + len(staged.torn)
    first_file = staged.files[0].path
    if not total:
        raise KgError(
            "the file has no rows", file=first_file, fix="Give a file with at least one row below its header."
        )
    unfit = f"FROM {cleaning.rows(table)} WHERE {_unfit(table)}"
    count = _scalar(sql, f"SELECT count(*) {unfit}") + len(staged.torn)
    if not count:
        return 0, ()
    rejects = _rejects(sql, staged, unfit)
    if count > source.max_rejects * total:
        first, *others = rejects[:3]
        also = "".join(f"{other}; " for other in map(str, others))
        how = f"Mend them, or say under [{table}] how to read them: time_format, missing, encoding …"
        raise KgError(
            f"{count:,} of {total:,} rows cannot be read: {first.reason}",
            file=first.file,
            row=first.line,
            column=first.column,
            value=first.value,
            fix=f"Also {also}{how[0].lower()}{how[1:]}" if also else how,
        )
    return count, rejects


def _rejects(sql: Any, staged: Staged, unfit: str) -> tuple[Reject, ...]:
    """The first of the rows that cannot be used, in the order of files and lines."""
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


def _counts(sql: Any, events: str) -> dict[str, Any]:
    """Ids are told apart by 64-bit hashes: of 10 million, two share one in one log of 370,000."""
    kinds = dict(sql.execute(f"SELECT kind, count(*) FROM {events} GROUP BY 1 ORDER BY 1").fetchall())
    ids = "count(DISTINCT hash(user_id)), count(DISTINCT hash(item_id))"
    users, items = sql.execute(f"SELECT {ids} FROM {events} WHERE kind <> 'return'").fetchall()[0]
    return {"events": kinds, "users": users, "items": items}


def _scalar(sql: Any, query: str) -> int:
    return int(sql.execute(query).fetchall()[0][0])
