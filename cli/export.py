"""`cartograph export …`: embeddings, the graph and the tables, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cli import jobs, options, render

if TYPE_CHECKING:
    from recsys.recommender import Recommender

What = Literal["embeddings", "graph", "tables"]


@options.command
def export(
    common: options.Common,
    what: Annotated[What, typer.Argument(help="What to write.")],
    out: Annotated[Path, typer.Option(help="A folder.")],
) -> None:
    """Write embeddings and tables as Parquet, the graph as Turtle and as Parquet tables of nodes and edges."""
    from kg.exporting import write
    from kg.graph_tables import to_parquet

    out.mkdir(parents=True, exist_ok=True)
    match what:
        case "tables":
            files = _tables(common, out)
        case "graph":
            graph = jobs.graph(common)
            write(graph, out / "graph.ttl")
            files = [out / "graph.ttl", *to_parquet(graph, out)]
        case "embeddings":
            files = _embeddings(jobs.recommender(common), out)
    render.written(files, as_json=common.json)


def _tables(common: options.Common, out: Path) -> list[Path]:
    from shutil import copyfile

    from kg.files import replacing
    from recsys.stages import TABLES
    from recsys.workspace import Workspace

    stage = Workspace(common.workspace).stage("ingest")
    files = []
    for name in sorted((stage.checked() / TABLES).glob("*.parquet")):
        files.append(out / name.name)
        with replacing(files[-1]) as temporary:
            copyfile(name, temporary)
    return files


def _embeddings(model: Recommender, out: Path) -> list[Path]:
    """One file a scorer that has them: columns type, id, label, embedding; a row per node."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from kg.files import replacing
    from recsys.errors import RecsysError
    from recsys.linear import LinearScorer
    from recsys.operators import Factors

    graph = model.graph
    nodes = {
        "type": np.repeat(list(graph.nodes), [len(kind) for kind in graph.nodes.values()]),
        "id": np.concatenate([kind.ids.ids for kind in graph.nodes.values()]),
        "label": np.concatenate([kind.labels for kind in graph.nodes.values()]),
    }
    files = []
    for name, part in model.fusions["exclude"].parts.items():
        match part:
            case LinearScorer(operator_=Factors(left=np.ndarray() as left)) if len(left) == graph.n_nodes:
                files.append(out / f"{name}.parquet")
                table = pa.table({**nodes, "embedding": list(left)})
                with replacing(files[-1]) as temporary:
                    pq.write_table(table, temporary)
    if not files:
        raise RecsysError("no scorer of the workspace has embeddings", fix="Train lightgcn too.")
    return files
