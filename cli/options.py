"""The options that every command has, and the ones that several share."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, is_dataclass
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


PathShare = Annotated[
    float | None,
    typer.Option(
        "--path-share",
        min=0.0,
        max=1.0,
        help="The least share of the fusion's scores that paths of the graph tell; none: the config's.",
    ),
]


@dataclass(frozen=True)
class Raw:
    """Raw files."""

    events: Annotated[
        list[Path] | None, typer.Option("--events", help="A log: file, folder or quoted glob; may be repeated.")
    ] = None
    items: Annotated[Path | None, typer.Option("--items", help="A catalogue.")] = None
    users: Annotated[Path | None, typer.Option("--users", help="What is known of the users.")] = None


@dataclass(frozen=True)
class Files(Raw):
    """Raw files, and what their columns mean."""

    facts: Annotated[
        list[Path] | None, typer.Option("--facts", help="Facts: RDF or a table of triples; may be repeated.")
    ] = None
    column: Annotated[
        list[str] | None,
        typer.Option("--column", help="What a column means: item_id=StockCode, items.title=Name; may be repeated."),
    ] = None
    preset: Annotated[
        str | None, typer.Option("--preset", help="A known layout (see `cartograph sources`) or your own .toml file.")
    ] = None

    @property
    def named(self) -> tuple[list[Path], Path | None, Path | None, dict[str, str], list[Path]]:
        """Events, items, users, the meaning of columns, and facts."""
        columns = dict(map(_column, self.column or ()))
        return self.events or [], self.items, self.users, columns, self.facts or []


def _column(text: str) -> tuple[str, str]:
    from kg.errors import KgError

    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise KgError("not a column", column="--column", value=text, fix="Write item_id=StockCode.")
    return ours.strip(), theirs.strip()


Config = Annotated[Path | None, typer.Argument(help="TOML file that describes the shop; none: that of the workspace.")]
RepeatsOption = Annotated[Repeats, typer.Option("--repeats", help="Whether what was bought before may be shown.")]
History = Annotated[str | None, typer.Option("--history", help="A guest's items: ITEM,ITEM.")]
AsOf = Annotated[datetime | None, typer.Option("--as-of", help="The moment of asking, UTC; none: the log's end.")]
Rerank = Annotated[
    list[str] | None,
    typer.Option(
        "--rerank",
        metavar="STEP",
        help="A re-ranking step instead of the config's: diversity, or 'cap most = 2, attribute = \"brand\"'; may be "
        "repeated.",
    ),
]
Length = Annotated[int, typer.Option("-k", min=1, help="The length of the list.")]
Plain = Annotated[bool, typer.Option("--plain", help="Without re-ranking, by the scores alone.")]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """A command that takes a `Common` first, and perhaps other groups of options, with the options that fill them."""
    common, *own = inspect.signature(function, eval_str=True).parameters.values()
    groups: dict[str, Any] = {each.name: each.annotation for each in (*own, common) if is_dataclass(each.annotation)}
    members = {name: _options(group) for name, group in groups.items()}

    @wraps(function)
    def told(**given: Any) -> None:
        from recsys.threads import limit

        for name, group in groups.items():
            given[name] = group(**{member.name: given.pop(member.name) for member in members[name]})
        limit(given[common.name].cores)
        function(**given)

    parameters = [member for each in (*own, common) for member in members.get(each.name, [_keyword(each)])]
    told.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    told.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return told


def _options(group: type) -> list[inspect.Parameter]:
    return [_keyword(option) for option in inspect.signature(group, eval_str=True).parameters.values()]


def _keyword(parameter: inspect.Parameter) -> inspect.Parameter:
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)


def words(text: str | None) -> list[str]:
    """The parts of `A,B`."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]
