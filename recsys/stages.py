"""The main job as stages of a workspace: ingest → graph → train → evaluate → serve, each made anew only when needed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg import graph_store
from kg.building import build
from kg.carves import before
from kg.config_file import checked
from kg.engine import Engine, Relational
from kg.graph import KnowledgeGraph
from kg.leaks import leaks
from kg.picture import schema_picture
from kg.reading import ingest
from kg.sources.files import find
from kg.sources.preset import with_presets
from kg.sources.rejects import REJECTS
from kg.spark import chosen
from kg.splitting import Windows, split
from kg.stats import stats
from kg.steps.derive import derive
from kg.tables import Tables
from recsys import store
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.holdout import holdout
from recsys.recipe import Conditions, Recipe, Say, silent
from recsys.recommender import Recommender
from recsys.report import Cut, Report
from recsys.teaching import judge, teach
from recsys.tuned import tuned
from recsys.types import Holdout
from recsys.windows import Window, seconds, window_if_any
from recsys.workspace import Stage, Workspace, fingerprint

CONFIG, TRIAL = "config", "trial"
REPORT = "report.html"
TABLES, RAW = "tables", "raw"
_RECIPE, _EVALUATION, _SCORERS = "recipe.json", "evaluation.json", "scorers"
_WINDOWS = ("train", "train_validation", "all")
_READ = frozenset({"events", "items", "users", "facts", "taxonomy", "clean", "checks"})
Files = dict[str, list[list[Any]]]
"""Fingerprints of raw files, by table."""


@dataclass(frozen=True)
class Job:
    """A shop, where its results are kept, and the circumstances; `k`: other lengths of list to evaluate at."""

    workspace: Workspace
    config: Config
    threads: int = 2
    device: str = "auto"
    say: Say = silent
    k: tuple[int, ...] | None = None

    def run(self, until: str = "serve") -> Iterator[Stage]:
        """Every stage up to one, as each is done; the workspace remembers the config."""
        with self.workspace.locked():
            self.workspace.remember(CONFIG, self.config.model_dump(mode="json"))
            yield from self._made(*list(STAGES)[: list(STAGES).index(until) + 1])

    def try_out(self) -> Iterator[Stage]:
        """The config's scorers and a fusion of them, learned and judged on validation in a stage `trial`.

        What the workspace remembers, has trained and serves stays as it is.
        """
        with self.workspace.locked():
            yield from self._made("ingest", "graph")
            self.say(f"{TRIAL} …")
            yield _learn(self, TRIAL)

    def _made(self, *names: str) -> Iterator[Stage]:
        for name in names:
            self.say(f"{name} …")
            yield STAGES[name](self)

    def conditions(self, scratch: Path | None = None, log: Path | None = None) -> Conditions:
        return Conditions(self.device, scratch, log, self.say)

    @property
    def judged(self) -> Config:
        """The config with the lengths of list that are asked for."""
        section = self.config.evaluation
        return self.config.model_copy(update={"evaluation": section.model_copy(update={"k": self.k or section.k})})

    def section(self, *names: str) -> dict[str, Any]:
        """Some sections of the config, ready for JSON."""
        return self.config.model_dump(mode="json", include=set(names))


def remembered(workspace: Workspace) -> Config:
    """The config of the last run."""
    first = "`cartograph run CONFIG.toml`, or `cartograph run --events FILE`"
    document = workspace.recall(CONFIG, f"Delete it and name the shop's files again: {first}.")
    if document is None:
        raise RecsysError("nothing has been run in this workspace", file=workspace.folder, fix=f"Run {first}.")
    return checked(Config, document, workspace.folder / f"{CONFIG}.json")


def recommender(workspace: Workspace) -> Recommender:
    """What the stage `serve` keeps; every file is compared with its hash, and its graph with the workspace's."""
    folder = workspace.stage("serve").checked()
    graph = _graph(workspace, "all")
    recipe = _recipe(folder)
    parts = {name: store.load(folder / _SCORERS / name, graph.hash) for name in recipe.scorers}
    return Recommender.of(graph, parts, recipe, remembered(workspace))


def rejects(workspace: Workspace) -> Path | None:
    """The file of all rows that could not be read; None where there was none."""
    path = workspace.place("ingest") / RAW / REJECTS
    return path if path.exists() else None


def is_outdated(workspace: Workspace) -> bool:
    """Whether what is served was learned before the stage `train` was last made."""
    return workspace.has("train") and workspace.stage("serve").inputs["train"] != workspace.stage("train").output


def taught(workspace: Workspace) -> Mapping[str, Mapping[str, Any]]:
    """The parameters of every scorer that the last training found; none where there was none."""
    return _recipe(workspace.stage("train").checked()).scorers if workspace.has("train") else {}


def tables(workspace: Workspace, engine: Relational) -> Tables:
    """What was ingested."""
    return Tables.load(workspace.stage("ingest").checked() / TABLES, engine)


def graph(workspace: Workspace) -> KnowledgeGraph:
    """The graph of everything the workspace has read."""
    return _graph(workspace, "all")


def _ingest(job: Job) -> Stage:
    config = with_presets(job.config)

    def work(folder: Path, scratch: Path) -> Any:
        tables, report = ingest(config, engine=Engine(job.threads, folder=scratch), raw=folder / RAW)
        report.refuse_emptied()
        tables.save(folder / TABLES)
        return report.to_json()

    files = {table: fingerprints(find(paths, config.folder)) for table, paths in config.sources.items()}
    return job.workspace.run("ingest", ingest_inputs(config, files), work)


def ingest_inputs(config: Config, files: Files) -> dict[str, Any]:
    """What the stage `ingest` is made from."""
    return {**config.model_dump(mode="json", include=set(_READ)), "files": files}


def fingerprints(files: Iterable[Path]) -> list[list[Any]]:
    """What tells whether any of some files has changed."""
    return [entry for file in files for entry in fingerprint(file)]


def windows(job: Job) -> Windows:
    """What was ingested, cut as the config says."""
    return split(tables(job.workspace, chosen(job.config, job.threads)), job.config.split, job.config.shop.target_kinds)


def _make_graph(job: Job) -> Stage:
    read = job.workspace.stage("ingest")

    def work(folder: Path, _: Path) -> Any:
        return write_graphs(job, windows(job), lambda _, window: build(derive(window, job.config.derive)), folder)

    made = job.workspace.run("graph", graph_inputs(job.config, read), work)
    job.config.check(_graph(job.workspace, "all"))
    return made


def graph_inputs(config: Config, read: Stage) -> dict[str, Any]:
    """What the stage `graph` is made from."""
    files = fingerprints(map(Path, config.derive.files))
    return {
        "ingest": read.output,
        "files": files,
        **config.model_dump(mode="json", include={"shop", "derive", "split"}),
    }


def write_graphs(
    job: Job, windows: Windows, made: Callable[[str, Tables], KnowledgeGraph], folder: Path
) -> dict[str, Any]:
    """Write the graph of every window, `made` of its name and its tables, and the events to ask about."""
    for name in _WINDOWS:
        job.say(f"building the graph of {name.replace('_', ' + ')}")
        graph = made(name, getattr(windows, name))
        graph_store.save(graph, folder / name)
    for name in ("validation", "test"):
        windows.all.engine.write(getattr(windows, name), folder / f"{name}.parquet")
    starts = {"validation_start": windows.validation_start, "test_start": windows.test_start}
    return {
        "stats": stats(graph),
        "leaks": leaks(windows.train_validation.events, windows.test, job.config.shop.target_kinds),
        **{name: None if start is None else seconds(start) for name, start in starts.items()},
    }


def _train(job: Job) -> Stage:
    return _learn(job, "train")


def _learn(job: Job, name: str) -> Stage:
    made = job.workspace.stage("graph")
    scorers = tuned(job.workspace, job.config, made)

    def work(folder: Path, scratch: Path) -> Any:
        validation = train_and_validation(job)
        earlier = before_validation(job)
        conditions = job.conditions(scratch, folder / "log")
        lesson = teach(validation, scorers, job.config.evaluation, conditions, job.config.seed, earlier=earlier)
        _write(folder / _RECIPE, lesson.recipe.to_json())
        return {"scorers": lesson.scorers}

    judged = job.config.evaluation.model_dump(mode="json", exclude={"by"})  # only tells figures apart
    inputs = {"graph": made.output, "seed": job.config.seed, "scorers": scorers, "evaluation": judged}
    return job.workspace.run(name, inputs, work)


def before_validation(job: Job) -> Window | None:
    """The window before validation; made of what was ingested, as nothing else asks it. No table outlives the call."""
    section, kinds = job.config.derive, job.config.shop.target_kinds
    return window_if_any(before(windows(job), job.config.split, kinds), section, kinds)


def _evaluate(job: Job) -> Stage:
    trained = job.workspace.stage("train")
    config = job.judged

    def work(folder: Path, scratch: Path) -> Any:
        test, recipe = before_test(job)
        figures = judge(recipe, test.graph, test.holdout, config, job.conditions(scratch))
        _write(folder / _EVALUATION, figures)
        report(job, figures, recipe).save(folder / REPORT)
        return figures

    inputs = {"train": trained.output, "seed": job.config.seed, "evaluation": config.evaluation.model_dump(mode="json")}
    inputs |= job.section("rerank", "explanations") if config.rerank else {}
    return job.workspace.run("evaluate", inputs, work)


def train_and_validation(job: Job) -> Window:
    """What validation is asked of: the graph of all before it, its users and targets."""
    graph = _graph(job.workspace, "train")
    return Window(graph, _holdout(job, job.workspace.stage("graph"), graph, "validation"))


def before_test(job: Job) -> tuple[Window, Recipe]:
    """What the test is asked of: the graph of all before it, its users and targets, and what was learned."""
    graph = _graph(job.workspace, "train_validation")
    test = _holdout(job, job.workspace.stage("graph"), graph, "test")
    return Window(graph, test), _recipe(job.workspace.stage("train").checked())


def report(job: Job, figures: Any, recipe: Recipe, explanations: Any = None, frontier: Any = None) -> Report:
    """The page of an evaluation: all figures, and what the stages before it say of the data."""
    made, data = job.workspace.stage("graph").result, job.workspace.stage("ingest").result
    weights = {repeats: {name: of[0] for name, of in parts.items()} for repeats, parts in recipe.weights.items()}
    schema = schema_picture(graph(job.workspace))
    split = job.config.split
    starts = None if split.by_chance else (made["validation_start"], made["test_start"])
    cut = Cut(split.told, starts, made.get("leaks", {}))
    return Report(job.config.shop.name, figures, weights, data, made["stats"], schema, cut, explanations, frontier)


def _serve(job: Job) -> Stage:
    return serve(job, job.workspace.stage("train"), job.workspace)


def serve(job: Job, trained: Stage, workspace: Workspace) -> Stage:
    """Everything that was learned in the stage `train`, fitted on the graph of all that a workspace holds."""

    def work(folder: Path, scratch: Path) -> Any:
        graph = _graph(workspace, "all")
        recipe = _recipe(trained.checked())
        parts = recipe.fit(graph, job.conditions(scratch))
        _write(folder / _RECIPE, recipe.to_json())
        for name, part in parts.items():
            store.save(part, folder / _SCORERS / name, graph.hash)
        return {"scorers": list(parts)}

    return workspace.run("serve", serve_inputs(trained, workspace.stage("graph")), work)


def serve_inputs(trained: Stage, made: Stage) -> dict[str, Any]:
    """What the stage `serve` is made from."""
    return {"train": trained.output, "graph": made.output, "version": store.VERSION}


STAGES: dict[str, Callable[[Job], Stage]] = {
    "ingest": _ingest,
    "graph": _make_graph,
    "train": _train,
    "evaluate": _evaluate,
    "serve": _serve,
}


def _graph(workspace: Workspace, name: str) -> KnowledgeGraph:
    return graph_store.load(workspace.stage("graph").folder / name)


def _holdout(job: Job, made: Stage, graph: KnowledgeGraph, name: str) -> Holdout:
    events = Engine(job.threads).connection.read_parquet(made.checked() / f"{name}.parquet")
    kinds, section = job.config.shop.target_kinds, job.config.evaluation
    return holdout(graph, events, kinds, made.result[f"{name}_start"], category=section.category, by=section.by)


def _recipe(folder: Path) -> Recipe:
    return Recipe(**json.loads((folder / _RECIPE).read_bytes()))


def _write(path: Path, document: Any) -> None:
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
