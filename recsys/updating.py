"""New log days and catalogue rows in a workspace: the tables, the graphs and what is served, all of them or nothing.

Nothing is learned anew. The scorers are fitted on the graph of all with the parameters and weights that the stage
`train` found; that stage and the figures of `evaluate` tell of the log before, and are made again by `cartograph run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg import graph_store
from kg.adding import add, paths
from kg.engine import Engine
from kg.graph import KnowledgeGraph
from kg.source_config import Source
from kg.sources.files import find
from kg.splitting import split
from kg.steps.derive import derive
from kg.tables import Tables
from kg.updating import changed_by_window, updated
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.stages import (
    CONFIG,
    RAW,
    TABLES,
    Files,
    Job,
    fingerprints,
    graph_inputs,
    ingest_inputs,
    serve,
    write_graphs,
)
from recsys.workspace import Stage, Workspace

_CHANGED = "changed.parquet"
_LOG = "events"
_LEARNED = ("train", "evaluate", "explain")


@dataclass(frozen=True, eq=False)
class Update:
    """Raw files by table (events, items, users), to be added to what a job's workspace holds.

    The job's config is the one that the workspace was made by; the files are read as it says.
    """

    job: Job
    files: Mapping[str, Sequence[Path]]

    def run(self) -> Iterator[Stage]:
        """The stages that the workspace has of `ingest`, `graph` and `serve`, as each is made; they count at the end.

        Raises RecsysError where they were not made from one another, KgError as `kg.adding.add`.
        """
        workspace, say = self.job.workspace, self.job.say
        workspace.stage("ingest")  # or nothing is written
        with workspace.locked():
            read = self._checked()
            found = {table: find(own) for table, own in self.files.items() if own}
            if not found:
                raise RecsysError("there is nothing to add", fix="Name a file with --events, --items or --users.")
            job = replace(self.job, config=_reading(self.job.config, found))
            inputs = ingest_inputs(job.config, _fingerprints(read.inputs["files"], found))
            draft = workspace.draft([read.output, inputs])
            say("ingest …")
            yield (ingested := draft.run("ingest", inputs, lambda *places: _ingest(job, read, found, *places)))
            if workspace.has("graph"):
                say("graph …")
                made = workspace.stage("graph")
                again = graph_inputs(job.config, ingested)
                yield draft.run("graph", again, lambda folder, _: _graphs(job, made, ingested, folder))
            if workspace.has("serve"):
                say("serve …")
                yield serve(job, workspace.stage("train"), draft)
            draft.remember(CONFIG, job.config.model_dump(mode="json"))
            workspace.adopt(draft)

    def _checked(self) -> Stage:
        """The stage `ingest`; RecsysError where what the workspace holds does not hang together."""
        workspace, config = self.job.workspace, self.job.config
        read = workspace.stage("ingest")
        wrong = None if read.made_from(ingest_inputs(config, read.inputs["files"])) else "ingest"
        if workspace.has("graph"):
            made = workspace.stage("graph")
            wrong = wrong or (None if made.made_from(graph_inputs(config, read)) else "graph")
            if workspace.has("serve") and workspace.stage("serve").inputs["graph"] != made.output:
                wrong = wrong or "serve"
        if wrong:
            raise RecsysError(
                f"the stage {wrong!r} is not of what the workspace was last asked for",
                file=workspace.place(wrong),
                fix="Run `cartograph run` with this workspace first.",
            )
        return read


def changes(workspace: Workspace) -> dict[str, int]:
    """How many users, items and edges of events the last update changed: new ones, ones that went, other ones."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    pairs = pq.read_table(workspace.place("ingest") / _CHANGED)
    users, items = (pc.count_distinct(pairs[name]).as_py() for name in ("user_id", "item_id"))
    edges = pc.sum(pc.and_(pc.is_valid(pairs["user_id"]), pc.is_valid(pairs["item_id"]))).as_py()
    return {"users": users, "items": items, "edges": edges or 0}


def outdated(workspace: Workspace) -> list[str]:
    """The stages that tell of the log as it was before an update."""
    return [name for name in _LEARNED if workspace.has(name)]


def _reading(config: Config, found: Mapping[str, Sequence[Path]]) -> Config:
    """The config that reads new files too: events after the others, catalogues before: the first row of an id stays."""
    sections: dict[str, Source] = {}
    for table, files in found.items():
        source: Source = getattr(config, table)
        both = (*source.paths, *paths(files)) if table == _LOG else (*paths(files), *source.paths)
        sections[table] = source.model_copy(update={"path": tuple(dict.fromkeys(both))})
    return config.model_copy(update=sections)


def _fingerprints(known: Files, found: Mapping[str, Sequence[Path]]) -> Files:
    """Those of old and new files, in the order in which they would be read at once."""
    both = dict(known)
    for table, files in found.items():
        fresh = fingerprints(files)
        names = {name for name, *_ in fresh}
        stay = [entry for entry in known[table] if entry[0] not in names]
        both[table] = [*stay, *fresh] if table == _LOG else [*fresh, *stay]
    return both


def _ingest(job: Job, read: Stage, found: Mapping[str, Sequence[Path]], folder: Path, scratch: Path) -> Any:
    before = Tables.load(read.checked() / TABLES, Engine(job.threads, folder=scratch))
    added = add(job.config, found, before, read.folder / RAW, folder / RAW)
    added.tables.save(folder / TABLES)
    added.changed.to_parquet(folder / _CHANGED)
    return added.report.to_json()


def _graphs(job: Job, made: Stage, ingested: Stage, folder: Path) -> Any:
    engine, config = Engine(job.threads), job.config
    windows = split(Tables.load(ingested.folder / TABLES, engine), config.split, config.shop.target_kinds)
    validation, test = (_moment(made.result[name]) for name in ("validation_start", "test_start"))
    pairs = engine.connection.read_parquet(ingested.folder / _CHANGED)
    changed = changed_by_window(windows, config.split, pairs, (validation, test))
    old = made.checked()

    def graph(name: str, window: Tables) -> KnowledgeGraph:
        graph, pairs = graph_store.load(old / name, verify=False), changed[name]  # just compared
        return updated(graph, derive(window, config.derive), pairs) if len(pairs) else graph

    return write_graphs(job, windows, graph, folder)


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
