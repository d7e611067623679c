"""The stages that measure explanations: beside the main job, on what the test is asked of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys.explanation.quality import quality
from recsys.frontier import frontier
from recsys.protocol import Repeats
from recsys.stages import REPORT, Job, before_test, report, train_and_validation
from recsys.workspace import Stage


def measure(job: Job, repeats: Repeats, n_pairs: int) -> Stage:
    """`quality` of every scorer and the fusion, and the evaluation's report with it; the job has run until `evaluate`.

    Everything is fitted once more: an evaluation keeps figures, not scorers.
    """
    evaluated = job.workspace.stage("evaluate")

    def work(folder: Path, scratch: Path) -> Any:
        graph, test, recipe = before_test(job)
        parts = recipe.fit(graph, job.conditions(scratch))
        scorers = {**parts, "fusion": recipe.fusions(parts)[repeats]}
        found = quality(scorers, graph, test, repeats, n_pairs=n_pairs, seed=job.config.seed, say=job.say)
        report(job, evaluated.result, recipe, found).save(folder / REPORT)
        return found

    inputs = {"evaluate": evaluated.output, "repeats": repeats, "pairs": n_pairs}
    with job.workspace.locked():
        job.say("explain …")
        return job.workspace.run("explain", inputs, work)


def trade(job: Job) -> Stage:
    """`frontier` of the recipe, and the evaluation's report with it; the job has run until `evaluate`."""
    evaluated = job.workspace.stage("evaluate")

    def work(folder: Path, scratch: Path) -> Any:
        graph, test, recipe = before_test(job)
        found = frontier(recipe, train_and_validation(job), (graph, test), job.config, job.conditions(scratch))
        report(job, evaluated.result, recipe, frontier=found).save(folder / REPORT)
        return found

    with job.workspace.locked():
        job.say("frontier …")
        return job.workspace.run("frontier", {"evaluate": evaluated.output}, work)
