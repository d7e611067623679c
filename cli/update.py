"""`cartograph update`: new days of the log and new catalogue rows, on top of what the workspace holds."""

from __future__ import annotations

import typer

from cli import ingest, jobs, options, render


@options.command
def update(common: options.Common, files: options.Raw) -> None:
    """Add new days and changed catalogue rows to a workspace, and serve the new state.

    Nothing that was read is read again, and nothing is learned again: scorers are fitted by what was learned before.
    """
    from recsys.stages import rejects
    from recsys.updating import changes, outdated
    from recsys.workspace import Workspace

    stages = jobs.update(common, files)
    workspace = Workspace(common.workspace)
    changed, old = changes(workspace), outdated(workspace)
    if common.json:
        told = {"changed": changed, "stages": [stage.to_json() for stage in stages], "outdated": old}
        render.emit({**stages[0].result, **told, "rejects_file": rejects(workspace)})
        return
    ingest.show(stages[0].result, rejects(workspace))
    typer.echo(
        f"Changed: {changed['users']:,} users, {changed['items']:,} items, {changed['edges']:,} edges of events."
    )
    if old:
        typer.echo(
            f"Of the log as it was before: {', '.join(old)} (what was learned, and its figures). "
            "`cartograph run` learns again."
        )
