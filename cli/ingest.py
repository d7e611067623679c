"""`cartograph ingest`: raw files to canonical tables, with a report of what was taken out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from cli import jobs, options, render

_SHOWN_REJECTS, _SHOWN_LETTERS = 10, 80


@options.command
def ingest(
    common: options.Common,
    files: options.Files,
    config: options.Config = None,
) -> None:
    """Read and clean the raw files, and report what each rule took out."""
    from recsys.stages import rejects
    from recsys.workspace import Workspace

    report = jobs.result(common, jobs.read(common, config, files), "ingest")
    place = rejects(Workspace(common.workspace))
    if common.json:
        render.emit({**report, "rejects_file": place})
    else:
        show(report, place)


def show(report: Mapping[str, Any], rejects: Path | None) -> None:
    """What was read, taken out, and could not be read, all of which lies in the file `rejects`."""
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in report["events"].items())
    facts = f", {report['facts']:,} facts" if report["facts"] else ""
    typer.echo(
        f"{report['rows_read']:,} rows read: {kinds}; {report['users']:,} users, {report['items']:,} items{facts}"
    )
    rows = [(rule["name"], rule["rows"], rule["removed"]) for rule in report["rules"]]
    if rows:
        render.table("Rules", ["rule", "rows that match", "taken out"], rows)
    if report["checks"]:
        render.table("Figures of the raw log", ["figure", "number"], list(report["checks"].items()))
    if report["rejected"]:
        names = ("file", "line", "column", "value", "reason")
        listed = report["rejects"][:_SHOWN_REJECTS]
        shown = [
            [_short(reject[name]) if name == "value" else reject[name] or "" for name in names] for reject in listed
        ]
        render.table(f"Rows that cannot be read: {report['rejected']:,}, of which {len(shown)}", names, shown)
        if rejects:
            typer.echo(f"All of them: {rejects}")
    for line in _remarks(report):
        typer.echo(line)


def _remarks(report: Mapping[str, Any]) -> Iterator[str]:
    """What may be meant otherwise."""
    from kg.query import EVENT_KINDS

    if unknown := sorted({*report["events"]} - {*EVENT_KINDS}):
        yield f"Kinds of events that are none of ours: {', '.join(unknown)}. They weigh 1; [events.kinds] maps them."
    if report["users"] == 1:
        yield "There is one user: the graph can be built and looked at, rankings are learned from several."


def _short(value: str | None) -> str:
    """A value in one line, or a few of a narrow column."""
    from kg.errors import readable

    return readable(" ⏎ ".join((value or "").splitlines()), _SHOWN_LETTERS)
