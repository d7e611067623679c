"""`cartograph explain`: why an item stands where it stands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import jobs, options, render

if TYPE_CHECKING:
    from recsys.explanation.answer_words import Answer
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
    k: options.Length = 10,
    rerank: options.Rerank = None,
    plain: options.Plain = False,
    why_not: Annotated[bool, typer.Option("--why-not", help="Ask why it is not in the list.")] = False,
    above: Annotated[str | None, typer.Option(metavar="OTHER", help="Ask why it stands above another item.")] = None,
    bring: Annotated[bool, typer.Option("--bring", help="Ask which purchases would bring it into the list.")] = False,
    without: Annotated[
        bool, typer.Option("--without", help="Ask without which doings it would not be in the list.")
    ] = False,
    attribute: Annotated[
        bool,
        typer.Option("--attribute", help="Ask what any scorer's score owes to each doing: an estimate, not exact."),
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write a page that needs no network.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    png: Annotated[Path | None, typer.Option(help="Write a picture.")] = None,
    paths: Annotated[int, typer.Option(min=1, help="Of how many of the strongest reasons a picture tells.")] = 12,
) -> None:
    """Tell the contributions that add up to an item's score, or what puts it where it stands."""
    from kg.errors import KgError
    from recsys.explanation import page
    from recsys.explanation.contract import as_json

    user, item = _asked(ids, history)
    files = {".html": html, ".svg": svg, ".png": png}
    questions = (why_not, above is not None, bring, without, attribute)
    if sum(questions) > 1 or (any(questions) and any(files.values())):
        raise KgError(
            "several questions at once",
            fix="Give one of --why-not, --above, --bring, --without, --attribute, or pictures.",
        )
    asked: dict[str, Any] = {"history": options.words(history), "repeats": repeats, "as_of": as_of}
    model = jobs.recommender(common)
    ranked = {**asked, "k": k, "rerank": jobs.chain(rerank, plain=plain)}
    if any(questions):
        asks: tuple[Callable[..., Answer], ...] = (
            model.why_not,
            model.why_above,
            model.would_bring,
            model.without,
            model.attribute,
        )
        ask = asks[questions.index(True)]
        answer = ask(user, item, **ranked) if above is None else ask(user, item, above, **ranked)
        _answer(answer, language, as_json=common.json)
        return
    told = model.teller.tell(model.explain(user, item, **asked))
    placement = model.placed(user, item, **ranked)
    for ending, path in files.items():
        if path is not None:
            page.save(
                told, path if path.suffix == ending else path.with_name(path.name + ending), language=language, n=paths
            )
    document = as_json(told, placement, language=language, audience=audience)
    if common.json:
        render.emit(document)
    elif not any(files.values()):
        _show(document, f"Score of {item}")


def tell(model: Recommender, user: str, item: str, title: str) -> None:
    """An explanation for people."""
    from recsys.explanation.contract import as_json

    told = model.teller.tell(model.explain(user, item))
    _show(as_json(told, model.placed(user, item)), title)


def _answer(answer: Answer, language: str, *, as_json: bool) -> None:
    """An answer in sentences, and beside two items what each scorer gives to either."""
    from recsys.explanation.answer_contract import answer_json

    document = answer_json(answer, language=language)
    if as_json:
        render.emit(document)
        return
    for line in document["text"]:
        typer.echo(f"• {line}")
    if parts := document.get("parts"):
        first, second = list(parts[0])[3:5]
        rows = [
            (part["difference"], part[first], part[second], part["scorer"], _node(part["node"]))
            for part in parts[:_SHOWN]
        ]
        typer.echo()
        render.table("What makes the difference", ["difference", first, second, "scorer", "by"], rows)


def _node(node: dict[str, Any] | None) -> str:
    return "" if node is None else node["label"] or node["id"] or ""


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
