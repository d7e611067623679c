"""`cartograph init`: a config for a shop's own files, guessed from the names of their columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options, render

if TYPE_CHECKING:
    from kg.guessing import Guess


@options.command
def init(
    common: options.Common,
    files: options.Files,
    out: Annotated[Path, typer.Option(help="The config to write.")] = Path("shop.toml"),
) -> None:
    """Look at the files, guess what their columns mean, and write a config to confirm, or to complete."""
    from kg.errors import KgError
    from kg.guessing import guess

    if out.exists():
        raise KgError("the config exists already", file=out, fix="Name another with --out, or delete it.")
    if not files.events:
        raise KgError("no events were given", column="--events", fix="Name a log: --events FILE.")
    found = guess(*files.named, files.preset, partial=True)
    found.write(out)
    if common.json:
        told = {"missing": found.missing, "unused": found.unused, "formats": found.formats, "unknown": found.unknown}
        render.emit({"config": str(out), "mapping": dict(found.mapping), **told})
        return
    if found.mapping:
        render.table("Guessed", ["your column", "means"], sorted(found.mapping.items()))
    for line in _to_do(found, out):
        typer.echo(line)
    typer.echo(f"{'Check' if found.is_enough else 'Complete'} {out}, then: cartograph run {out}")


def _to_do(found: Guess, out: Path) -> list[str]:
    """What the guess leaves open, and how to say it."""
    from kg.guessing import TIME

    said = []
    if needed := [name for name in found.missing if name != TIME]:
        flags = " ".join(f"--column {name}=COLUMN" for name in needed)
        said.append(f"Nothing was found for {', '.join(needed)}: fill in {out} where it says so, or give {flags}.")
    if TIME in found.missing:
        said.append("No column looks like the time: without it the log can only be split with leave-last-out or given.")
    if found.formats:
        how = ", ".join(found.formats)
        said.append(f"Days and months look alike in the times. Choose a time_format under [events]: {how}.")
    if found.unknown:
        words = ", ".join(found.unknown)
        said.append(f"Kinds of events that are none of ours: {words}. They stay as they are; [events.kinds] maps them.")
    if found.unused:
        said.append(f"Columns of the log that are not used: {', '.join(found.unused)}.")
    return said
