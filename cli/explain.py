"""`cartograph explain`: why an item stands where it stands."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli import options, render


def explain(
    user: Annotated[str, typer.Argument(help="Id of a user.")],
    item: Annotated[str, typer.Argument(help="Id of an item.")],
    language: Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of the sentences.")] = "en",
    repeats: options.Repeats = "exclude",
    workspace: options.Workspace = options.WORKSPACE,
    threads: options.Threads = options.THREADS,
    json: options.Json = False,
) -> None:
    """Tell the contributions that add up to an item's score."""
    from cli.loading import load
    from recsys.explanation.contract import as_json
    from recsys.explanation.telling import Teller

    model = load(workspace, threads)
    told, rank = model.explain(user, item, repeats)
    document = as_json(Teller(model.graph).tell(told), rank or None, language=language)
    if json:
        render.emit(document)
        return
    for line in document["text"]:
        typer.echo(f"• {line}")
    rows = [
        (
            part["value"],
            part["scorer"],
            part["kind"],
            " → ".join(n.get("label") or n.get("relation", "") for n in part["path"]),
        )
        for part in document["contributions"]
    ]
    title = f"Score {told.score:.4f} = Σ of {len(rows)} contributions, rank {rank or 'none'}"
    render.table(title, ["value", "scorer", "kind", "path"], rows)
