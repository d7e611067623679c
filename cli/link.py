"""`cartograph link`: what the shop's items are among the nodes of a taxonomy or of the facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import jobs, options, render
from cli.tables import write_frame

if TYPE_CHECKING:
    from kg.config import Link
    from recsys.config import Config


@options.command
def link(
    common: options.Common,
    files: options.Files,
    config: options.Config = None,
    to: Annotated[str | None, typer.Option(help="The type of the nodes; none: that of [[derive.link]].")] = None,
    review: Annotated[
        Path | None, typer.Option(help="A .csv to judge doubtful links in: read, if it is there, and written.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="All accepted links: .csv or .parquet.")] = None,
) -> None:
    """Link items to categories or entities: as judged in the review, else by identifier, else by what they are called.

    In the review write accept, reject or another id into the column `decision`, then give the file again, or name it
    under [[derive.link]]: what was decided wins, and teaches the rest. The graph has the links that the config names.
    """
    found = jobs.read(common, config, files)
    section = _section(found, to)
    file = review or (Path(section.review) if section.review else None)
    links = jobs.linked(common, found, section, file if file and file.exists() else None)
    if out:
        write_frame(links.frame(), out)
    if review:
        write_frame(links.review(), review)
    written = [path for path in (out, review) if path]
    told = links.to_json()
    if common.json:
        render.emit({**told, "files": [str(path) for path in written]})
        return
    rows = [(method, count) for method, count in told["methods"].items()]
    render.table(
        f"{told['items']:,} items, to {told['to']}", ["linked by", "items"], [*rows, ("doubtful", told["doubtful"])]
    )
    render.written(written, as_json=False)


def _section(config: Config, to: str | None) -> Link:
    """The config's entry for a type of node, else one as it comes; without a type the only entry."""
    from kg.config import Link
    from kg.errors import KgError

    named = {link.to: link for link in config.derive.link}
    if to is not None:
        return named.get(to) or Link(to=to)
    if len(named) != 1:
        known = ", ".join([*named, *(kind for kind in config.taxonomies if kind not in named)])
        fix = f"Give --to{f': {known}' if known else ', and the config a [taxonomy]'}."
        raise KgError("it is not said what to link to", column="--to", fix=fix)
    return next(iter(named.values()))
