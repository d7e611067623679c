"""`cartograph similar`: what could be bought instead of an item, and what goes with it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import jobs, options, render


@options.command
def similar(
    common: options.Common,
    item: Annotated[str, typer.Argument(help="Id of an item.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Items of each kind.")] = 10,
    by: Annotated[
        str | None, typer.Option(help="The scorer that says what is near, such as lightgcn; none: ease.")
    ] = None,
) -> None:
    """List alternatives and complements of an item."""
    found = jobs.recommender(common).similar(item, k, by)
    if common.json:
        render.emit(render.records(found))
    else:
        render.frame(found, f"Beside {item}")
