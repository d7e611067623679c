"""From a shop's raw files to its canonical tables, with a report of what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kg.config import KgConfig, read_config
from kg.engine import Engine, memory_told
from kg.errors import KgError
from kg.guessing import guess
from kg.source_config import Source
from kg.sources.facts import of_tables, read_facts
from kg.sources.keeping import keep
from kg.sources.mapping import quoted
from kg.sources.preset import with_presets
from kg.sources.rejects import REJECTS, Reject, written
from kg.sources.staging import Staged, stage
from kg.sources.taxonomies import read_taxonomies
from kg.steps.cleaning import Cleaning, RuleCount, mentioned
from kg.steps.unfit import read_well, unfit
from kg.tables import Tables

KEYS = {"items": "item_id", "users": "user_id"}


@dataclass(frozen=True)
class IngestReport:
    """What was read, kept and taken out; users and items are counted over what is not a return.

    `rejected` rows could not be read, of which `rejects` are the first (all lie in the file `REJECTS`, beside what was
    kept of the rows); `checks` are figures of the raw log by name;
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

    def refuse_emptied(self) -> None:
        """KgError where nothing is left of the log."""
        if self.events:
            return
        took = ", ".join(f"{rule.name!r} took {rule.removed:,} out" for rule in self.rules if rule.removed)
        raise KgError(
            f"no event is left of {self.rows_read:,} rows{f': the rule {took}' if took else ''}",
            fix="Look at what the columns are taken for under [events.columns], and at the rules under [[clean]].",
        )


def read(config: str | Path | KgConfig | None = None, events: str | Path | None = None) -> Tables:
    """The tables of the shop that a config describes; without one, of a log as `kg.guessing.guess` understands it."""
    if config is None and events is not None:
        config = guess([Path(events)]).config
    elif not isinstance(config, KgConfig):
        config = KgConfig() if config is None else read_config(Path(config))
    tables, report = ingest(config, events)
    report.refuse_emptied()
    return tables


@memory_told()
def ingest(
    config: KgConfig, events: str | Path | None = None, engine: Engine | None = None, raw: Path | None = None
) -> tuple[Tables, IngestReport]:
    """Read, map and clean; `events` (file, folder or glob) takes the place of the config's own path.

    The events stay lazy, in a table of the engine. What was read is kept in the folder `raw`, so that `kg.adding.add`
    can go on from it. Raises KgError naming the file, and the row, column and value where a file is not what the config
    says.
    """
    engine = engine or Engine()
    config = with_presets(config.at([] if events is None else [Path(events)]))
    if not config.events.paths:
        raise KgError("no events were given", fix="Name a file with --events, or a path under [events].")
    sources = {table: source for table, source in _sources(config).items() if source.paths}
    return cleaned(engine, config, read_in(engine, config, sources), raw)


def _sources(config: KgConfig) -> dict[str, Source]:
    """Where each table of rows is read from, and how."""
    named = {"events": config.events, "items": config.items, "users": config.users, "links": config.facts.links}
    return named | ({"facts": of_tables(config.facts, config.folder)} if config.facts.paths else {})


def read_in(engine: Engine, config: KgConfig, sources: Mapping[str, Source]) -> dict[str, Staged]:
    """The files of some tables, staged as the config says."""
    name, texts = engine.fresh("ingest"), mentioned(config.clean, config.checks)
    return {
        table: stage(engine, table, source, config.folder, f"{name}_{table}_staged", texts)
        for table, source in sources.items()
    }


def cleaned(
    engine: Engine, config: KgConfig, staged: Mapping[str, Staged], raw: Path | None
) -> tuple[Tables, IngestReport]:
    """What the rules leave of the staged rows, which are kept in the folder `raw`; all facts are read anew."""
    cleaning = Cleaning(engine.sql, staged)
    checks = {check.name: cleaning.check(check) for check in config.checks}
    for rule in config.clean:
        cleaning.apply(rule)
    sources = _sources(config)
    cannot = {table: read_well(cleaning, table, sources[table]) for table in staged}
    views = {table: _view(cleaning, table) for table in staged}
    if raw is not None:
        keep(engine.sql, staged, raw)
    every = ((table, each) for table, (_, rejects) in cannot.items() for each in rejects)
    rejects = written(every, None if raw is None else raw / REJECTS)
    taxonomy = read_taxonomies(config.taxonomies, config.folder, config.facts.languages)
    given = {table: engine.sql.table(views[table]).to_arrow_table() for table in KEYS if table in views}
    no_events = engine.sql.sql(f"SELECT * FROM {views['events']} LIMIT 0").to_arrow_table()
    tables = Tables.of(no_events, facts=taxonomy, engine=engine, **given)
    log = engine.connection.table(views["events"])
    told = read_facts(engine, config.facts, config.folder, views) if config.facts.paths else None
    tables = tables.with_facts(engine.connection.table(told)) if told else tables
    tables = replace(tables, events=log, frames="pandas", config=config)  # files are no frames
    rows = staged["events"]
    return tables, IngestReport(
        _scalar(engine.sql, f"SELECT count(*) FROM {rows.rows}") + rows.torn.count + rows.lost,
        **_counts(engine.sql, views["events"]),
        rules=tuple(cleaning.done),
        rejected=sum(count for count, _ in cannot.values()),
        rejects=rejects,
        checks=checks,
        facts=_scalar(engine.sql, f"SELECT count(*) FROM {told}") if told else 0,
    )


def _view(cleaning: Cleaning, table: str) -> str:
    """The name of a view of what is left of a table, without what cannot be read."""
    if table in KEYS:
        cleaning.one_row_each(table, KEYS[table])
    name = f"{cleaning.staged[table].name}_left"
    columns = ", ".join(map(quoted, cleaning.staged[table].columns))
    rows = f"SELECT {columns} FROM {cleaning.rows(table)} WHERE NOT ({unfit(table)})"
    cleaning.sql.execute(f"CREATE VIEW {name} AS {rows}")
    return name


def _counts(sql: Any, events: str) -> dict[str, Any]:
    """Ids are told apart by 64-bit hashes: of 10 million, two share one in one log of 370,000."""
    kinds = dict(sql.execute(f"SELECT kind, count(*) FROM {events} GROUP BY 1 ORDER BY 1").fetchall())
    ids = "count(DISTINCT hash(user_id)), count(DISTINCT hash(item_id))"
    users, items = sql.execute(f"SELECT {ids} FROM {events} WHERE kind <> 'return'").fetchall()[0]
    return {"events": kinds, "users": users, "items": items}


def _scalar(sql: Any, query: str) -> int:
    return int(sql.execute(query).fetchall()[0][0])
