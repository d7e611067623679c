"""`cartograph benchmark`: scorers side by side on a published data set."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli import options, render

_KEPT = "benchmark"  # the folder of the workspace
_LONGEST = 24 * 60.0  # minutes, where trials alone are bounded
_SHARE, _FOLDS = 0.2, 5  # of what is drawn
Splitting = Literal["time", "leave-last-out", "random", "k-fold", "cold-items", "cold-users"]


@options.command
def benchmark(
    common: options.Common,
    data: Annotated[
        Path,
        typer.Argument(
            help="A folder in KGAT form (train.txt, test.txt, perhaps kg_final.txt), of RecBole's atomic files "
            "(NAME.inter …), or of canonical Parquet (events.parquet …); or a shop's TOML file.",
        ),
    ],
    scorers: Annotated[
        str | None,
        typer.Option(
            "--scorers", help="Such as ease,ials; none: those of a run, and the strongest of the others on such data."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option("--seeds", min=1, help="How many seeds, from --seed on.")] = 1,
    events: Annotated[
        Path | None, typer.Option("--events", help="The log of the shop whose file DATA is, where it lies elsewhere.")
    ] = None,
    split: Annotated[
        Splitting | None,
        typer.Option(
            "--split",
            help="How to cut: by time, by each user's last events, or drawn by the seeds; none: as the data come. Of "
            "k-fold each seed is a fold; cold-items are ranked among themselves.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option("--folds", min=3, help="Of k-fold.")] = _FOLDS,
    share: Annotated[
        float, typer.Option("--share", min=0.01, max=0.49, help="With --split, for test, and as much for validation.")
    ] = _SHARE,
    repeats: Annotated[
        options.Repeats, typer.Option("--repeats", help="Whether what a user had before may be ranked.")
    ] = "exclude",
    minutes: Annotated[
        float | None,
        typer.Option("--minutes", min=0, help="For each scorer, searched as `tune` does; none: a small grid."),
    ] = None,
    trials: Annotated[int | None, typer.Option("--trials", min=1, help="For each scorer, at most.")] = None,
    second_stage: Annotated[
        bool,
        typer.Option(
            "--second-stage",
            help="Trees over all candidates, beside the fusion (the extra `rank`); not of hidden items.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the table to a Markdown file too.")] = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", help="Draw accuracy against cost: .svg, .png or .html.")
    ] = None,
) -> None:
    """Tune scorers on validation, refit them, judge them once on test: accuracy with intervals, and what it costs.

    Validation is drawn from train where the data bring none. What is finished is kept: the same command goes on.
    """
    from kg.config import Split
    from kg.engine import Engine
    from kg.errors import KgError
    from kg.files import replacing
    from kg.picture import FORMATS, save_picture
    from kg.published.forms import read
    from recsys import benchmark_chart, benchmark_table
    from recsys.benchmark import STANDARD, Benchmark
    from recsys.config import Config
    from recsys.recipe import Conditions
    from recsys.study import Budget

    if out is not None and out.suffix != ".md":
        raise KgError("no such kind of file", value=out.name, fix="End --out in .md.")
    if plot is not None and plot.suffix not in FORMATS:
        raise KgError("no such kind of picture", value=plot.name, fix=f"End --plot in {', '.join(FORMATS)}.")
    if split == "k-fold" and seeds > folds:
        raise KgError("more seeds than folds", value=seeds, fix="Each seed is a fold: give at most --folds of them.")
    if split is None and (folds != _FOLDS or share != _SHARE):
        raise KgError("nothing is cut anew that --folds or --share could tell of", fix="Give --split too.")
    named = Config().only(options.words(scorers)).scorers if scorers else None
    section = STANDARD.model_copy(update={"repeats": repeats})
    cut = Split(method=split, folds=folds, test_share=share, validation_share=share) if split else None
    searched = minutes is not None or trials is not None
    budget = Budget(_LONGEST if minutes is None else minutes, trials) if searched else None
    first = common.seed or 0
    rows = []
    with render.progress(quiet=common.quiet) as say:
        say(f"reading {data}")
        conditions = Conditions(common.device, say=say)
        found = read(data, Engine(common.cores), events)
        asked = Benchmark(
            found,
            named,
            common.workspace / _KEPT,
            tuple(range(first, first + seeds)),
            section,
            conditions,
            cut,
            budget,
            second_stage,
        )
        told = asked.to_json()
        for outcome in asked.run():
            render.outcome(outcome, quiet=common.quiet)
            rows.append(outcome.row)
    if out is not None:
        command = shlex.join(["cartograph", *sys.argv[1:]])
        with replacing(out) as temporary:
            temporary.write_text(benchmark_table.markdown(told, rows, command), encoding="utf-8")
    if plot is not None:
        save_picture(benchmark_chart.cost(rows), plot)
    if common.json:
        render.emit({"data": told, "protocol": section.model_dump(mode="json"), "results": rows})
    else:
        render.benchmark(told, rows)
