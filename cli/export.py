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
    """Write embeddings (Parquet, NumPy, a picture), tables (Parquet) or the graph (Turtle, Parquet)."""
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
    """Of every scorer that has them: a table (type, id, label, embedding) of the nodes, its numbers, and a picture."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from kg.files import replacing
    from kg.picture import save_picture
    from recsys.errors import RecsysError
    from recsys.vectors import projection, vectors

    graph = model.graph
    nodes = {
        "type": np.repeat(list(graph.nodes), [len(kind) for kind in graph.nodes.values()]),
        "id": np.concatenate([kind.ids.ids for kind in graph.nodes.values()]),
        "label": np.concatenate([kind.labels for kind in graph.nodes.values()]),
    }
    files = []
    for name, part in model.fusions["exclude"].parts.items():
        values = vectors(part, graph)
        if values is None:
            continue
        table, numbers, picture = (out / f"{name}.{ending}" for ending in ("parquet", "npy", "html"))
        with replacing(table) as temporary:
            column = pa.FixedSizeListArray.from_arrays(values.ravel(), values.shape[1])
            pq.write_table(pa.table({**nodes, "embedding": column}), temporary)
        with replacing(numbers) as temporary, temporary.open("wb") as file:
            np.save(file, values)
        save_picture(projection(graph, values), picture)
        files += [table, numbers, picture]
    if not files:
        raise RecsysError("no scorer of the workspace has embeddings", fix="Train lightgcn too.")
    return files
