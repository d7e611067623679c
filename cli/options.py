"""Options that every command has."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Workspace = Annotated[Path, typer.Option("--workspace", "-w", help="Folder that results are kept in.")]
Json = Annotated[bool, typer.Option("--json", help="Exactly one JSON document on stdout.")]
Threads = Annotated[int, typer.Option(min=1, help="Cores to use.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")]
Events = Annotated[Path | None, typer.Option("--events", help="A log: file, folder or quoted glob.")]
Repeats = Annotated[Literal["include", "exclude"], typer.Option(help="Whether what was bought before may be shown.")]

WORKSPACE = Path("workspace")
THREADS = 2
