"""`cartograph train`: the scorers and their fusion, learned on a validation period."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import jobs, options, render


@options.command
def train(
    common: options.Common,
    scorers: Annotated[
        list[str] | None, typer.Argument(help="Scorers to try out; none: train all of the config.")
    ] = None,
) -> None:
    """Fit the scorers on the train period and learn their fusion on validation.

    Scorers that are named are only tried out: they and a fusion of them are judged on validation. What was trained and
    what is served stay as they are; to serve others, name them under [scorers] of the config.
    """
    config = jobs.read(common)
    learned = jobs.trial(common, config.only(scorers)) if scorers else jobs.result(common, config, "train")
    if common.json:
        render.emit(learned)
        return
    shown = list(learned["scorers"][0]["validation"])[:4]
    rows = [
        [row["name"], row["seconds"], row["peak_mb"], *(row["validation"][metric] for metric in shown)]
        for row in learned["scorers"]
    ]
    render.table("Validation", ["scorer", "seconds", "peak MB", *shown], rows)
