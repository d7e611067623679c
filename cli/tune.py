"""`cartograph tune`: a longer search for hyperparameters than training makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from cli import jobs, options, render


@options.command
def tune(
    common: options.Common,
    scorers: Annotated[
        list[str] | None,
        typer.Argument(help="Scorers, or `query` for the event weights that they share; none: those of the config."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0, help="For each, in all.")] = 20.0,
    trials: Annotated[int | None, typer.Option(min=1, help="For each, in all; none: as time allows.")] = None,
    windows: Annotated[int, typer.Option(min=1, help="Validation windows that a trial is judged on.")] = 3,
) -> None:
    """Search hyperparameters on validation windows before the test; `train` then takes what is surely better.

    The trials are kept: the same command goes on where it was broken off, and with more minutes beyond.
    """
    from recsys.study import Budget

    config = jobs.read(common)
    jobs.run(common, config, "graph")
    rows = []
    for row in jobs.tuning(common, config, scorers or list(config.scorers), Budget(minutes, trials), windows):
        render.tuned(row, quiet=common.quiet)
        rows.append(row)
    if common.json:
        render.emit({"scorers": rows})
        return
    told = ["trials", "pruned", "seconds", "before", "after"]
    found = [[row["name"], *(row[column] for column in told)] for row in rows]
    render.table(f"{rows[0]['metric']} on {rows[0]['windows']} validation windows", ["scorer", *told], found)
    taken = [(row["name"], *part) for row in rows for part in _flat(row["parameters"])]
    if taken:
        render.table("What train takes from here on", ["scorer", "parameter", "value"], taken)


def _flat(parameters: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Compound parameters by their parts, `demand.now`."""
    for name, value in parameters.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, "none" if value is None else str(value)
