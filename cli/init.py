"""`cartograph init`: a config for a shop's own files, guessed from the names of their columns."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import options, render


@options.command
def init(
    common: options.Common,
    files: options.Files,
    out: Annotated[Path, typer.Option(help="The config to write.")] = Path("shop.toml"),
) -> None:
    """Look at the files, guess what their columns mean, and write a config to confirm."""
    from kg.errors import KgError
    from kg.guessing import guess

    if out.exists():
        raise KgError("the config exists already", file=out, fix="Name another with --out, or delete it.")
    if not files.events:
        raise KgError("no events were given", column="--events", fix="Name a log: --events FILE.")
    found = guess(*files.named, files.preset)
    found.write(out)
    if common.json:
        render.emit({"config": str(out), "mapping": dict(found.mapping)})
        return
    render.table("Guessed", ["your column", "means"], sorted(found.mapping.items()))
    typer.echo(f"Check {out}, then: cartograph run {out}")
