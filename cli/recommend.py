"""`cartograph recommend`: the best items for some users."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import options, render


def recommend(
    users: Annotated[list[str], typer.Argument(help="Ids of users.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Items a user.")] = 10,
    repeats: options.Repeats = "exclude",
    workspace: options.Workspace = options.WORKSPACE,
    threads: options.Threads = options.THREADS,
    json: options.Json = False,
) -> None:
    """Rank all items for these users."""
    from cli.loading import load

    frame = load(workspace, threads).recommend(users, k, repeats)
    if json:
        render.emit(frame.to_dict("records"))
    else:
        render.table("Recommendations", list(frame.columns), frame.itertuples(index=False))
