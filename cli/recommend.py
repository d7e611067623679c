"""`cartograph recommend`: the best items for some users, for everyone, or for a guest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
    from recsys.errors import RecsysError
    from recsys.filters import Filters

    named = _named(users, file, history, everyone=everyone)
    filters = Filters(category, price_min, price_max, available)
    guest = None if history is None else options.words(history)
    model = jobs.recommender(common)
    chain = jobs.chain(rerank, plain=plain)
    asked: dict[str, Any] = {"history": guest, "repeats": repeats, "filters": filters, "as_of": as_of, "rerank": chain}
    try:
        found = model.recommend(named or None, k, **asked)
    except RecsysError as error:
        if file is not None and isinstance(error.value, str) and error.value in named:
            error.file, error.row = file, named[error.value]
        raise
    if out is not None:
        write_frame(found, out)
    if common.json:
        render.emit(render.records(found))
    elif out is None:
        render.recommendations(found)


def _named(users: list[str] | None, file: Path | None, history: str | None, *, everyone: bool) -> dict[str, int]:
    """The users asked for, and where a file names each first; none: a guest, or everyone."""
    from kg.errors import KgError

    if sum((bool(users), file is not None, everyone, history is not None)) != 1:
        raise KgError("say for whom", fix="Give USER…, --users FILE, --all, or --history ITEM,ITEM: one of them.")
    if file is None:
        return dict.fromkeys(users or (), 0)
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise KgError(f"the users cannot be read: {error}", file=file, fix="Give a text file, an id a line.") from error
    ids: dict[str, int] = {}
    for row, line in enumerate(lines, start=1):
        if line.strip():
            ids.setdefault(line.strip(), row)
    if not ids:
        raise KgError("the file names no user", file=file, fix="Give a text file, an id a line.")
    return ids
