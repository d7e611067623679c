"""`cartograph run`: from raw files to learned weights and honest figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import options, render

if TYPE_CHECKING:
    from kg.config import KgConfig

LEARNED, TABLES, CONFIG = "learned.json", "tables", "config.json"


def run(
    config: Annotated[Path, typer.Argument(help="TOML file that describes the shop.")],
    events: options.Events = None,
    workspace: options.Workspace = options.WORKSPACE,
    threads: options.Threads = options.THREADS,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Read, clean, split, train, fuse and evaluate; keep what `recommend` and `explain` need."""
    from kg.config import read_config

    document = main_job(read_config(config), events, workspace, threads, quiet=quiet)
    render.emit(document) if json else render.evaluation(document["evaluation"])


def main_job(config: KgConfig, events: Path | None, workspace: Path, threads: int, *, quiet: bool) -> dict[str, Any]:
    """The whole way; the contract's document. An earlier result stays until the new one is complete."""
    import time

    from threadpoolctl import threadpool_limits

    from kg.engine import Engine
    from kg.files import replacing
    from kg.reading import ingest
    from recsys.recommender import train

    say = render.teller(quiet=quiet)
    started = time.perf_counter()
    with threadpool_limits(threads):
        say(f"ingest: {events or config.events.path}")
        tables, report = ingest(config, events, Engine(threads))
        read = time.perf_counter()
        learned = train(tables, config, say)
    tables.save(workspace / TABLES)
    with replacing(workspace / CONFIG) as temporary:
        temporary.write_text(config.model_dump_json(indent=1), encoding="utf-8")
    learned.save(workspace / LEARNED)
    stages = [("ingest", read - started), ("train and evaluate", time.perf_counter() - read)]
    return {
        "stages": [{"name": name, "seconds": round(seconds, 2)} for name, seconds in stages],
        "ingest": report.to_json(),
        "evaluation": dict(learned.evaluation),
    }
