"""`cartograph ingest`: raw files to canonical tables, with a report of what was taken out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from cli import jobs, options, render

_SHOWN_REJECTS = 10


@options.command
def ingest(
    common: options.Common,
    files: options.Files,
    config: options.Config = None,
) -> None:
    """Read and clean the raw files, and report what each rule took out."""
    report = jobs.result(common, jobs.read(common, config, files), "ingest")
    if common.json:
        render.emit(report)
    else:
        show(report)


def show(report: Mapping[str, Any]) -> None:
    """What was read, taken out, and could not be read."""
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
        shown = [[reject[name] or "" for name in names] for reject in report["rejects"][:_SHOWN_REJECTS]]
        render.table(f"Rows that cannot be read: {report['rejected']:,}, of which {len(shown)}", names, shown)
