"""The stages that measure explanations, beside the main job, on what the test is asked of; and their page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recsys.explanation.quality import quality
from recsys.frontier import frontier
from recsys.protocol import Repeats
from recsys.stages import REPORT, Job, before_test, before_validation, report, train_and_validation
from recsys.workspace import Stage

EXPLAIN, FRONTIER, PAGE = "explain", "frontier", "report"


def measure(job: Job, repeats: Repeats, n_pairs: int) -> Stage:
    """`quality` of every scorer and the fusion; the job has run until `evaluate`.

    Everything is fitted once more: an evaluation keeps figures, not scorers.
    """
    evaluated = job.workspace.stage("evaluate")

    def work(_: Path, scratch: Path) -> Any:
        test, recipe = before_test(job)
        parts = recipe.fit(test.graph, job.conditions(scratch))
        scorers = {**parts, "fusion": recipe.fusions(parts)[repeats]}
        return quality(scorers, test.graph, test.holdout, repeats, n_pairs=n_pairs, seed=job.config.seed, say=job.say)

    inputs = {"evaluate": evaluated.output, "repeats": repeats, "pairs": n_pairs}
    with job.workspace.locked():
        job.say("explain …")
        return job.workspace.run(EXPLAIN, inputs, work)


def trade(job: Job) -> Stage:
    """`frontier` of the recipe; the job has run until `evaluate`."""
    evaluated = job.workspace.stage("evaluate")

    def work(_: Path, scratch: Path) -> Any:
        test, recipe = before_test(job)
        validation, earlier = train_and_validation(job), before_validation(job)
        return frontier(recipe, validation, earlier, test, job.judged, job.conditions(scratch))

    with job.workspace.locked():
        job.say("frontier …")
        return job.workspace.run(FRONTIER, {"evaluate": evaluated.output}, work)


def page(job: Job) -> Stage:
    """The evaluation's report with all that has been measured beside it, now or before; what is of another is not."""
    evaluated = job.workspace.stage("evaluate")

    def work(folder: Path, _: Path) -> Any:
        recipe = before_test(job)[-1]
        told = {name: stage.result for name, stage in beside.items()}
        report(job, evaluated.result, recipe, told.get(EXPLAIN), told.get(FRONTIER)).save(folder / REPORT)
        return list(told)

    with job.workspace.locked():
        job.say("report …")
        sound = filter(None, map(job.workspace.sound, (EXPLAIN, FRONTIER)))
        beside = {stage.name: stage for stage in sound if stage.inputs["evaluate"] == evaluated.output}
        outputs = {name: stage.output for name, stage in beside.items()}
        return job.workspace.run(PAGE, {"evaluate": evaluated.output, **outputs}, work)
