"""`cartograph recommend`: the best items for some users, for everyone, or for a guest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import jobs, options, render


@options.command
def recommend(
    common: options.Common,
    users: Annotated[list[str] | None, typer.Argument(metavar="USER…", help="Ids of users.")] = None,
    file: Annotated[Path | None, typer.Option("--users", help="A file with a user id per line.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Every user of the log.")] = False,
    history: options.History = None,
    k: Annotated[int, typer.Option("-k", min=1, help="Items a user.")] = 10,
    repeats: options.RepeatsOption = "exclude",
    category: Annotated[str | None, typer.Option(help="Only this category and what lies below it.")] = None,
    price_min: Annotated[float | None, typer.Option(help="The lowest price.")] = None,
    price_max: Annotated[float | None, typer.Option(help="The highest price.")] = None,
    available: Annotated[bool, typer.Option("--available", help="Only what can be bought now.")] = False,
    as_of: options.AsOf = None,
    rerank: options.Rerank = None,
    plain: options.Plain = False,
    out: Annotated[Path | None, typer.Option(help="Write to this .csv or .parquet file.")] = None,
) -> None:
    """Rank all items and show the best."""
    from cli.tables import write_frame
    from recsys.recommender import Filters

    chosen = _chosen(users, file, history, everyone=everyone)
    filters = Filters(category, price_min, price_max, available)
    guest = None if history is None else options.words(history)
    model = jobs.recommender(common)
    chain = jobs.chain(rerank, plain=plain)
    found = model.recommend(chosen, k, history=guest, repeats=repeats, filters=filters, as_of=as_of, rerank=chain)
    if out is not None:
        write_frame(found, out)
    if common.json:
        render.emit(render.records(found))
    elif out is None:
        render.recommendations(found)


def _chosen(users: list[str] | None, file: Path | None, history: str | None, *, everyone: bool) -> list[str] | None:
    """The users asked for; None: a guest, or everyone."""
    from kg.errors import KgError

    if sum((bool(users), file is not None, everyone, history is not None)) != 1:
        raise KgError("say for whom", fix="Give USER…, --users FILE, --all, or --history ITEM,ITEM: one of them.")
    if file is None:
        return users or None
    try:
        ids = [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise KgError(f"the users cannot be read: {error}", file=file, fix="Give a text file, an id a line.") from error
    if not ids:
        raise KgError("the file names no user", file=file, fix="Give a text file, an id a line.")
    return ids
