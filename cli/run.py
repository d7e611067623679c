"""`cartograph run`: the main job, from raw files to recommendations that can be explained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli import jobs, options, render

if TYPE_CHECKING:
    from recsys.config import Config


@options.command
def run(
    common: options.Common,
    files: options.Files,
    config: options.Config = None,
) -> None:
    """Read, build the graph, train, evaluate, and fit what `recommend` and `explain` serve."""
    document = main_job(common, jobs.read(common, config, files))
    if common.json:
        render.emit(document)
    else:
        show(document)


def main_job(common: options.Common, config: Config) -> dict[str, Any]:
    """All stages; the contract's document, with the other protocol's figures beside."""
    from recsys.stages import REPORT

    stages = jobs.run(common, config, "serve")
    judged = next(stage for stage in stages if stage.name == "evaluate")
    return {
        "stages": [stage.to_json() for stage in stages],
        "evaluation": judged.result[config.evaluation.repeats],
        "protocols": judged.result,
        "report": str(judged.folder / REPORT),
    }


def show(document: dict[str, Any]) -> None:
    """Both protocols as tables, and where the report lies."""
    for judged in document["protocols"].values():
        render.evaluation(judged)
    render.report(document["report"])
