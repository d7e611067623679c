"""`cartograph graph check`: what may be wrong with the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import jobs, options, render

if TYPE_CHECKING:
    from kg.checks import Finding

HELP = """Look for faults: damaged files, leakage, cycles, contradictions, duplicates and more; exit code 1 for errors.

Shapes say in SHACL what else must hold, in the words of `cartograph graph query`. For example, that every price is \
below 500:

\b
@prefix sh: <http://www.w3.org/ns/shacl#> .
<urn:cheap> a sh:NodeShape ; sh:targetClass <urn:cartograph:type:item> ;
    sh:property [ sh:path <urn:cartograph:feature:price> ; sh:maxExclusive 500.0 ] .
"""


@options.command
def check(
    common: options.Common,
    shapes: Annotated[
        list[str] | None,
        typer.Option(help="Shapes in SHACL: an RDF file, or `shop` (those that come along); may be repeated."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds that shapes may be validated.")] = 300.0,
) -> None:
    """See `HELP`."""
    from kg.checks import CHECKS
    from recsys.checking import check_workspace
    from recsys.workspace import Workspace

    findings = check_workspace(Workspace(common.workspace))
    left = [name for name in CHECKS if name not in {finding.check for finding in findings}]
    if shapes and any(finding.check == "files" and finding.failed for finding in findings):
        left.append("shapes")
    elif shapes:
        findings += _validated(common, shapes, timeout)
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
        if left:
            typer.echo(f"Not checked: {', '.join(left)}.")
        typer.echo("Passed." if passed else "Not passed: there are errors.")
    if not passed:
        raise typer.Exit(1)


def _validated(common: options.Common, shapes: list[str], timeout: float) -> tuple[Finding, ...]:
    from kg.shacl import shapes_file, validate

    graph = jobs.graph(common)
    with render.progress(quiet=common.quiet) as say:
        return tuple(
            finding for name in shapes for finding in validate(graph, shapes_file(name), timeout=timeout, say=say)
        )
