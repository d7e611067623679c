"""`cartograph init`: a config for a shop's own files, guessed from the names of their columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import options, render


@options.command
def init(
    common: options.Common,
    events: Annotated[list[Path], typer.Option("--events", help="A log: file, folder or quoted glob; repeatable.")],
    items: options.Items = None,
    out: Annotated[Path, typer.Option(help="The config to write.")] = Path("shop.toml"),
) -> None:
    """Look at the files, guess what their columns mean, and write a config to confirm."""
    from kg.errors import KgError
    from kg.guessing import guess

    if out.exists():
        raise KgError("the config exists already", file=out, fix="Name another with --out, or delete it.")
    found = guess(events, items)
    found.write(out)
    if common.json:
        render.emit({"config": str(out), "mapping": dict(found.mapping)})
        return
    render.table("Guessed", ["your column", "means"], sorted(found.mapping.items()))
    typer.echo(f"Check {out}, then: cartograph run {out}")
