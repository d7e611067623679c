"""`cartograph evaluate`: figures on the test period."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import jobs, options, render


@options.command
def evaluate(
    common: options.Common,
    k: Annotated[str | None, typer.Option("--k", help="Lengths of list, such as 10,20; the first one decides.")] = None,
    repeats: Annotated[options.Repeats | None, typer.Option(help="Whether what was bought before is ranked.")] = None,
) -> None:
    """Refit on train and validation, rank all items for the users of the test period, and compare the scorers."""
    config = jobs.read(common, None, None)
    if k is not None:
        config = config.with_k(options.words(k))
    figures = jobs.result(common, config, "evaluate")[repeats or config.evaluation.repeats]
    if common.json:
        render.emit(figures)
    else:
        render.evaluation(figures)
