"""`cartograph demo`: the main job on a made-up shop, then a first explained recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import jobs, options, render
from cli.explain import tell
from cli.run import main_job, show
from kg.demo_shop import DemoShop


@options.command
def demo(
    common: options.Common,
    folder: Annotated[Path, typer.Option(help="Where the shop's raw files are written.")] = Path("demo-shop"),
    users: Annotated[int, typer.Option(min=10, help="Customers.")] = DemoShop.users,
    items: Annotated[int, typer.Option(min=50, help="Items.")] = DemoShop.items,
    events: Annotated[int, typer.Option(min=500, help="Rows of the log.")] = DemoShop.events,
) -> None:
    """Write a shop with known causes, run the main job on it, and explain one recommendation."""
    from kg.config import DEMO
    from kg.demo_shop import generate
    from recsys.config import Config

    shop = DemoShop(users=users, items=items, events=events, seed=common.seed or 0)
    with render.progress(quiet=common.quiet) as say:
        say(f"writing a shop of {events:,} events to {folder}")
        generate(shop, folder)
    config = Config.read(DEMO).model_copy(update={"folder": folder})
    document = main_job(common, config.resolved(seed=common.seed))
    if common.json:
        render.emit(document)
        return
    show(document)
    model = jobs.recommender(common)
    user = str(model.graph.nodes["user"].ids.ids[0])
    best = model.recommend([user])
    render.frame(best, f"cartograph recommend {user}")
    item = str(best["item_id"].iloc[0])
    tell(model, user, item, f"cartograph explain {user} {item}")
