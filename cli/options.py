"""The options that every command has, and the ones that several share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

Device = Literal["auto", "cpu", "cuda"]
Repeats = Literal["include", "exclude"]
_CORES = 0  # the default number of threads: as many as there are


@dataclass(frozen=True)
class Common:
    """What every command is told."""

    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder that results are kept in.")] = Path(
        "workspace"
    )
    json: Annotated[bool, typer.Option("--json", help="Exactly one JSON document on stdout.")] = False
    seed: Annotated[int | None, typer.Option(help="Another seed, other random numbers; none: the config's.")] = None
    threads: Annotated[int, typer.Option(min=0, help="Cores to use; 0: all there are.")] = _CORES
    device: Annotated[Device, typer.Option(help="Where neural networks are trained.")] = "auto"
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress on stderr.")] = False

    @property
    def cores(self) -> int:
        from recsys.threads import available

        return self.threads or available()


Config = Annotated[Path | None, typer.Argument(help="TOML file that describes the shop; none: that of the workspace.")]
Events = Annotated[
    list[Path] | None, typer.Option("--events", help="A log: file, folder or quoted glob; may be repeated.")
]
Items = Annotated[Path | None, typer.Option("--items", help="A catalogue.")]
RepeatsOption = Annotated[Repeats, typer.Option("--repeats", help="Whether what was bought before may be shown.")]
History = Annotated[str | None, typer.Option("--history", help="A guest's items: ITEM,ITEM.")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", help="The moment of asking, UTC; none: the log's end.")]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes a `Common` first, with the options that fill it."""
    own = list(inspect.signature(function, eval_str=True).parameters.values())[1:]
    shared = list(inspect.signature(Common, eval_str=True).parameters.values())
    shared = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in shared]
    own = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own]

    @wraps(function)
    def told(**given: Any) -> None:
        common = Common(**{parameter.name: given.pop(parameter.name) for parameter in shared})
        from recsys.threads import limit

        limit(common.cores)
        function(common, **given)

    parameters = own + shared
    told.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return told


def words(text: str | None) -> list[str]:
    """The parts of `A,B`."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
