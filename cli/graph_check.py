"""`cartograph graph check`: what may be wrong with the graph."""

from __future__ import annotations

import typer

from cli import options, render


@options.command
def check(common: options.Common) -> None:
    """Look for faults: damaged files, leakage, cycles, contradictions, duplicates and more; exit code 1 for errors."""
    from kg.checks import CHECKS
    from recsys.checking import check_workspace
    from recsys.workspace import Workspace

    findings = check_workspace(Workspace(common.workspace))
    passed = not any(finding.failed for finding in findings)
    if common.json:
        render.emit({"checks": [finding.to_json() for finding in findings], "passed": passed})
    else:
        rows = [(finding.check, finding.severity if finding.count else "none", finding.count) for finding in findings]
        render.table("Checks", ["check", "found", "count"], rows)
        for finding in findings:
            if finding.count:
                typer.echo(f"{finding.check}: {finding.meaning}")
                for example in finding.examples:
                    typer.echo(f"    {example}")
                if finding.count > len(finding.examples):
                    typer.echo(f"    … and {finding.count - len(finding.examples):,} more")
        if left := [name for name in CHECKS if name not in {finding.check for finding in findings}]:
            typer.echo(f"Not checked: {', '.join(left)}.")
        typer.echo("Passed." if passed else "Not passed: there are errors.")
    if not passed:
        raise typer.Exit(1)
