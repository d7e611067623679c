"""`cartograph demo`: the main job on a made-up shop, then a first explained recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import options, render
from cli.run import main_job


def demo(
    folder: Annotated[Path, typer.Option(help="Where the shop's raw files are written.")] = Path("demo-shop"),
    users: Annotated[int, typer.Option(min=10)] = 2_000,
    items: Annotated[int, typer.Option(min=50)] = 1_000,
    events: Annotated[int, typer.Option(min=500)] = 60_000,
    seed: Annotated[int, typer.Option(help="Another seed, another shop.")] = 0,
    workspace: options.Workspace = options.WORKSPACE,
    threads: options.Threads = options.THREADS,
    json: options.Json = False,
    quiet: options.Quiet = False,
) -> None:
    """Write a shop with known causes, run the main job on it, and explain one recommendation."""
    from cli.explain import explain
    from cli.loading import load
    from kg.config import DEMO, read_config
    from kg.demo_shop import DemoShop, generate

    render.teller(quiet=quiet)(f"demo: writing a shop to {folder}")
    generate(DemoShop(users=users, items=items, events=events, seed=seed), folder)
    config = read_config(DEMO).model_copy(update={"folder": folder})
    document = main_job(config, None, workspace, threads, quiet=quiet)
    if json:
        render.emit(document)
        return
    render.evaluation(document["evaluation"])
    model = load(workspace, threads)
    user = str(model.graph.nodes["user"].ids.ids[0])
    frame = model.recommend([user])
    render.table(f"For customer {user}", list(frame.columns), frame.itertuples(index=False))
    explain(user, str(frame["item_id"].iloc[0]), workspace=workspace, threads=threads)
