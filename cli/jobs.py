"""From the words of a command to stages of a workspace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli import options, render

if TYPE_CHECKING:
    from kg.config import Derive, Link
    from kg.enriching import Enriched
    from kg.graph import KnowledgeGraph
    from kg.steps.linking import Links
    from recsys.config import Config
    from recsys.protocol import Repeats
    from recsys.recommender import Recommender
    from recsys.reranking.chain import Chain
    from recsys.stages import Job
    from recsys.study import Budget
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


def frontier(common: options.Common, config: Config, k: tuple[int, ...] | None = None) -> Stage:
    """The stage that measures accuracy against path share, told on stderr; after `run` until `evaluate`."""
    from recsys.explaining import trade

    return _told(common, config, k, lambda job: [trade(job)])[-1]


def page(common: options.Common, config: Config, k: tuple[int, ...] | None = None) -> Stage:
    """The stage of the page that has an evaluation and what those two measured, told on stderr."""
    from recsys.explaining import page

    return _told(common, config, k, lambda job: [page(job)])[-1]


def tuning(
    common: options.Common, config: Config, names: Sequence[str], budget: Budget, windows: int
) -> Iterator[dict[str, Any]]:
    """What `cartograph tune` says of every scorer, as each is done; after `run` until `graph`."""
    from recsys.stages import Job
    from recsys.tuner import tune
    from recsys.workspace import Workspace

    with render.progress(quiet=common.quiet) as say:
        job = Job(Workspace(common.workspace), config, common.cores, common.device, say)
        yield from tune(job, names, budget, windows)


def enriched(common: options.Common, config: Config, section: Derive) -> Enriched:
    """The catalogue of what the workspace has read, with all that `section` derives; after `run` until `ingest`."""
    from kg.enriching import enrich
    from kg.spark import chosen
    from recsys.stages import tables
    from recsys.workspace import Workspace

    run(common, config, "ingest")
    with render.progress(quiet=common.quiet) as say:
        say("enrich …")
        return enrich(tables(Workspace(common.workspace), chosen(config, common.cores)), section)


def linked(common: options.Common, config: Config, section: Link, review: Path | None) -> Links:
    """The links of what the workspace has read, by the decisions of a review where there is one."""
    from kg.spark import chosen
    from kg.steps.derive import derive
    from kg.steps.linking import linked
    from recsys.stages import tables
    from recsys.workspace import Workspace

    run(common, config, "ingest")
    with render.progress(quiet=common.quiet) as say:
        say("link …")
        read = tables(Workspace(common.workspace), chosen(config, common.cores))
        told = derive(read, config.derive, before="link")
        return linked(told, section, review)


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


def trial(common: options.Common, config: Config) -> Any:
    """What the scorers of a config come to on validation, beside what the workspace has trained and serves."""
    learned = _told(common, config, None, lambda job: job.try_out())[-1].result
    render.note("Tried out only: what was trained and what is served stay as they were.", quiet=common.quiet)
    return learned


def recommender(common: options.Common) -> Recommender:
    """What the workspace serves."""
    from recsys.stages import is_outdated, recommender
    from recsys.workspace import Workspace

    workspace = Workspace(common.workspace)
    found = recommender(workspace)
    if is_outdated(workspace):
        render.note(
            "Served is what was learned before the last training: `cartograph run` renews it.", quiet=common.quiet
        )
    return found


def chain(steps: list[str] | None, *, plain: bool) -> Chain | None:
    """The re-ranking steps asked for; None: those of the config."""
    from kg.errors import KgError
    from recsys.reranking.chain import NOTHING, Chain

    if plain and steps:
        raise KgError("re-ranked and plain at once", fix="Give --rerank or --plain.")
    return NOTHING if plain else Chain.of(map(_step, steps)) if steps else None


def _step(text: str) -> dict[str, Any]:
    """The keys of `NAME key = value, …`, values as in TOML."""
    import tomllib

    from kg.errors import KgError

    name, _, keys = text.strip().partition(" ")
    try:
        return {"step": name, **tomllib.loads(f"given = {{ {keys} }}")["given"]}
    except tomllib.TOMLDecodeError as error:
        fix = """Write it as 'cap attribute = "brand", most = 2'."""
        raise KgError(f"the re-ranking step cannot be read: {error}", value=text, fix=fix) from error


def graph(common: options.Common) -> KnowledgeGraph:
    """The graph of everything the workspace has read."""
    from recsys.stages import graph
    from recsys.workspace import Workspace

    return graph(Workspace(common.workspace))


def fewest(common: options.Common) -> int:
    """Of fewer customers than this the workspace's shop tells no number."""
    from recsys.stages import remembered
    from recsys.workspace import Workspace

    return remembered(Workspace(common.workspace)).explanations.k_anonymous
