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
    path_share: options.PathShare = None,
    explanations: Annotated[
        bool, typer.Option("--explanations", help="Measure how good the explanations of the lists of 10 are, too.")
    ] = False,
    frontier: Annotated[
        bool, typer.Option("--frontier", help="Measure what a larger share of reasons in paths costs, too.")
    ] = False,
    pairs: Annotated[
        int, typer.Option(min=1, help="User–item pairs that explanations are measured on, drawn by chance.")
    ] = 200,
) -> None:
    """Refit on train and validation, rank all items for the users of the test period, and compare the scorers."""
    from recsys.stages import REPORT

    config = jobs.read(common).told_in_paths(path_share)
    lengths = None if k is None else _lengths(k)
    asked = repeats or config.evaluation.repeats
    last = jobs.run(common, config, "evaluate", lengths)[-1]
    figures = last.result[asked]
    if explanations:
        figures = {**figures, "explanations": jobs.explanations(common, config, asked, pairs, lengths).result}
    if frontier:
        figures = {**figures, "frontier": jobs.frontier(common, config, lengths).result[asked]}
    if explanations or frontier:
        last = jobs.page(common, config, lengths)
    if common.json:
        render.emit(figures)
        return
    render.evaluation(figures)
    if explanations:
        render.explanations(figures["explanations"])
    if frontier:
        render.frontier(figures["frontier"], figures["protocol"])
    render.report(last.folder / REPORT)


def _lengths(text: str) -> tuple[int, ...]:
    from recsys.errors import RecsysError

    lengths = options.words(text)
    if not lengths or not all(word.isdecimal() and int(word) for word in lengths):
        raise RecsysError("a length of list is not a number from 1", value=text, fix="Give --k such as 10,20.")
    return tuple(map(int, lengths))
