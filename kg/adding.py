"""New raw files on top of what was read before, which is not read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import ibis

from kg.config import KgConfig
from kg.engine import Engine, memory_told
from kg.reading import KEYS, IngestReport, cleaned, read_in
from kg.sources.keeping import BEFORE, NOW, joined, kept
from kg.steps.unfit import unfit
from kg.tables import Tables, aligned

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class Added:
    """The tables of old and new files, the report on all of them, and what they changed.

    changed  `user_id`, `item_id` and `time` of every event that came, went or became a return; the ids of users and
             items of whom the catalogues say something else now, beside nulls
    """

    tables: Tables
    report: IngestReport
    changed: ir.Table


@memory_told()
def add(config: KgConfig, files: Mapping[str, Sequence[Path]], before: Tables, kept_in: Path, raw: Path) -> Added:
    """Read more files, by table, and clean all rows as if they had been read at once.

    before   the tables that `kg.reading.ingest` or `add` gave last
    kept_in  the folder in which it kept what it had read; `raw` is the one to keep all of it in now

    Events come after those that are there. A row of items or users takes the place of the one with its id, a file of
    them that of the one with its path. Raises KgError as `ingest` does, and for a file of events that was read already.
    """
    engine = before.engine
    assert isinstance(engine, Engine)  # raw files are read by DuckDB alone
    sources = {table: getattr(config, table).model_copy(update={"path": paths(own)}) for table, own in files.items()}
    old, fresh = kept(kept_in), read_in(engine, config, sources)
    names = dict.fromkeys((*old, *fresh))
    staged = {table: joined(engine, table, old.get(table), fresh.get(table)) for table in names}
    tables, report = cleaned(engine, config, staged, raw)
    name = engine.fresh("changed")
    rows = f"FROM {staged['events'].rows} WHERE {NOW} <> {BEFORE} AND NOT ({unfit('events')})"
    engine.sql.execute(f"CREATE VIEW {name} AS SELECT user_id, item_id, time {rows}")
    changed = engine.connection.table(name)
    nothing = {name: ibis.null(kind) for name, kind in changed.schema().items()}
    for table, key in KEYS.items():
        ids = _differing(getattr(before, table), getattr(tables, table), key)
        changed = changed.union(ids.select(**nothing | {key: ids[key]}))
    return Added(tables, report, changed)


def paths(files: Sequence[Path]) -> tuple[str, ...]:
    """Files as a source names them."""
    return tuple(str(file.absolute()) for file in files)


def _differing(old: ir.Table, new: ir.Table, key: str) -> ir.Table:
    """The ids of rows that are not alike in two tables."""
    first, second = aligned(old, new)
    return first.difference(second).union(second.difference(first)).select(key).distinct()
