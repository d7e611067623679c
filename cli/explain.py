"""`cartograph explain`: why an item stands where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import jobs, options, render

if TYPE_CHECKING:
    from recsys.recommender import Recommender

Audience = Literal["shopper", "merchandiser"]


@options.command
def explain(
    common: options.Common,
    ids: Annotated[list[str], typer.Argument(metavar="[USER] ITEM", help="A user and an item; of a guest: the item.")],
    history: options.History = None,
    repeats: options.RepeatsOption = "exclude",
    language: Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of the sentences.")] = "en",
    audience: Annotated[Audience, typer.Option(help="For whom the sentences are.")] = "shopper",
    as_of: options.AsOf = None,
    html: Annotated[Path | None, typer.Option(help="Write a page that needs no network.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
) -> None:
    """Tell the contributions that add up to an item's score."""
    from recsys.explanation import page
    from recsys.explanation.contract import as_json

    user, item = _asked(ids, history)
    asked: dict[str, Any] = {"history": options.words(history), "repeats": repeats, "as_of": as_of}
    model = jobs.recommender(common)
    told = model.teller.tell(model.explain(user, item, **asked))
    rank = model.rank(user, item, **asked)
    files = {".html": html, ".svg": svg, ".png": png}
    for ending, path in files.items():
        if path is not None:
            page.save(told, path if path.suffix == ending else path.with_name(path.name + ending), language=language)
    document = as_json(told, rank, language=language, audience=audience)
    if common.json:
        render.emit(document)
    elif not any(files.values()):
        _show(document, f"Score of {item}")


def tell(model: Recommender, user: str, item: str, title: str) -> None:
    """An explanation for people."""
    from recsys.explanation.contract import as_json

    told = model.teller.tell(model.explain(user, item))
    _show(as_json(told, model.rank(user, item)), title)


def _asked(ids: list[str], history: str | None) -> tuple[str | None, str]:
    from kg.errors import KgError

    match ids, history:
        case [user, item], None:
            return user, item
        case [item], str():
            return None, item
    raise KgError("say whose item", fix="Give USER ITEM, or ITEM with --history ITEM,ITEM for a guest.")


_SHOWN = 10


def _show(document: dict[str, Any], title: str) -> None:
    """The sentences, then the strongest contributions and what the others add up to."""
    for line in document["text"]:
        typer.echo(f"• {line}")
    parts = document["contributions"]
    rows: list[tuple[object, ...]] = [
        (part["value"], part["scorer"], part["kind"], _way(part["path"])) for part in parts[:_SHOWN]
    ]
    if len(parts) > _SHOWN:
        rest = sum(part["value"] for part in parts[_SHOWN:])
        n = len(parts) - _SHOWN
        told = "a smaller one (--json lists it)" if n == 1 else f"{n:,} smaller ones together (--json lists them)"
        rows.append((rest, "", "", told))
    render.table(
        f"{title}: score {document['score']:.4f}, rank {document['rank'] or 'none'}, "
        f"{document['path_share']:.0%} of it graph paths",
        ["value", "scorer", "kind", "how"],
        rows,
    )


def _way(path: list[dict[str, Any]]) -> str:
    return " → ".join(stop.get("label") or stop.get("id") or stop.get("relation", "") for stop in path)
