"""`cartograph benchmark`: scorers side by side on a published data set."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from cli import options, render

_KEPT = "benchmark"  # the folder of the workspace


@options.command
def benchmark(
    common: options.Common,
    data: Annotated[
        Path,
        typer.Argument(
            help="A folder in KGAT form (train.txt, test.txt, perhaps kg_final.txt), of RecBole's atomic files "
            "(NAME.inter …), or of canonical Parquet (events.parquet …).",
        ),
    ],
    scorers: Annotated[str | None, typer.Option("--scorers", help="Such as ease,ials; none: the default ones.")] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds, from --seed on.")] = 1,
    repeats: Annotated[
        options.Repeats, typer.Option("--repeats", help="Whether what a user had before may be ranked.")
    ] = "exclude",
    out: Annotated[Path | None, typer.Option("--out", help="Write the table to a Markdown file too.")] = None,
) -> None:
    """Tune scorers on validation, refit them, judge them once on test: accuracy with intervals, and what it costs.

    Validation is drawn from train where the data bring none. What is finished is kept: the same command goes on.
    """
    from kg.engine import Engine
    from kg.errors import KgError
    from kg.files import replacing
    from kg.published.forms import read
    from recsys import benchmark_table
    from recsys.benchmark import STANDARD, Benchmark
    from recsys.config import Config
    from recsys.recipe import Conditions

    if out is not None and out.suffix != ".md":
        raise KgError("no such kind of file", value=out.name, fix="End --out in .md.")
    config = Config().only(options.words(scorers)) if scorers else Config()
    section = STANDARD.model_copy(update={"repeats": repeats})
    first = common.seed or 0
    rows = []
    with render.progress(quiet=common.quiet) as say:
        say(f"reading {data}")
        conditions = Conditions(common.device, say=say)
        found = read(data, Engine(common.cores))
        asked = Benchmark(
            found, config.scorers, common.workspace / _KEPT, tuple(range(first, first + seeds)), section, conditions
        )
        told = asked.to_json()
        for outcome in asked.run():
            render.outcome(outcome, quiet=common.quiet)
            rows.append(outcome.row)
    if out is not None:
        command = shlex.join(["cartograph", *sys.argv[1:]])
        with replacing(out) as temporary:
            temporary.write_text(benchmark_table.markdown(told, rows, command), encoding="utf-8")
    if common.json:
        render.emit({"data": told, "protocol": section.model_dump(mode="json"), "results": rows})
    else:
        render.benchmark(told, rows)
