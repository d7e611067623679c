"""From the words of a command to stages of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import options, render

if TYPE_CHECKING:
    from kg.graph import KnowledgeGraph
    from recsys.config import Config
    from recsys.protocol import Repeats
    from recsys.recommender import Recommender
    from recsys.stages import Job
    from recsys.workspace import Stage


def read(
    common: options.Common,
    config: Path | None = None,
    files: options.Files | None = None,
) -> Config:
    """The config named, or the one the workspace remembers, or one guessed from the files.

    What the files' options say takes the place of what the config says.
    """
    from kg.errors import KgError
    from kg.guessing import guess
    from recsys.config import Config
    from recsys.stages import CONFIG, remembered
    from recsys.workspace import Workspace

    files = files or options.Files()
    workspace = Workspace(common.workspace)
    if files.preset and (config or not files.events):
        raise KgError(
            "a preset goes with --events", column="--preset", value=files.preset, fix="A config names its own preset."
        )
    if config is not None and config.suffix != ".toml":
        raise KgError("a config ends in .toml", file=config, fix=f"Name a log with --events {config}.")
    if config is not None:
        found = Config.read(config)
    elif files.preset or (files.events and not workspace.remembers(CONFIG)):
        found = Config.of(guess(*files.named, files.preset).config)
    else:
        found = remembered(workspace)
    return found.resolved(*files.named, common.seed)


def run(common: options.Common, config: Config, until: str, k: tuple[int, ...] | None = None) -> list[Stage]:
    """Every stage up to one, told on stderr as each is done; `k` are other lengths of list to evaluate at."""
    return _told(common, config, k, lambda job: job.run(until))


def explanations(
    common: options.Common, config: Config, repeats: Repeats, n_pairs: int, k: tuple[int, ...] | None = None
) -> Stage:
    """The stage that measures explanations, told on stderr; after `run` until `evaluate`."""
    from recsys.explaining import measure

    return _told(common, config, k, lambda job: [measure(job, repeats, n_pairs)])[-1]


def update(common: options.Common, files: options.Raw) -> list[Stage]:
    """The stages that more raw files make anew, told on stderr as each is done."""
    from recsys.stages import remembered
    from recsys.updating import Update
    from recsys.workspace import Workspace

    config = remembered(Workspace(common.workspace))
    catalogues = {"items": files.items, "users": files.users}
    given = {"events": files.events or []} | {table: [path] for table, path in catalogues.items() if path is not None}
    return _told(common, config, None, lambda job: Update(job, given).run())


def _told(
    common: options.Common, config: Config, k: tuple[int, ...] | None, work: Callable[[Job], Iterable[Stage]]
) -> list[Stage]:
    from recsys.stages import Job
    from recsys.workspace import Workspace

    stages = []
    with render.progress(quiet=common.quiet) as say:
        job = Job(Workspace(common.workspace), config, common.cores, common.device, say, k)
        for stage in work(job):
            render.stage(stage, quiet=common.quiet)
            stages.append(stage)
    return stages


def result(common: options.Common, config: Config, until: str) -> Any:
    """What the last of these stages says."""
    return run(common, config, until)[-1].result


def recommender(common: options.Common) -> Recommender:
    """What the workspace serves."""
    from recsys.stages import recommender
    from recsys.workspace import Workspace

    return recommender(Workspace(common.workspace))


def graph(common: options.Common) -> KnowledgeGraph:
    """The graph of everything the workspace has read."""
    from recsys.stages import graph
    from recsys.workspace import Workspace

    return graph(Workspace(common.workspace))
