"""A graph as two Parquet files, nodes and edges, that any program can join by id; and back, with nothing lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import KgError
from kg.files import replacing
from kg.graph import Edges, KnowledgeGraph, Relation, numbered
from kg.query import TIMELESS

if TYPE_CHECKING:
    import pyarrow as pa

NODES, EDGES = "nodes.parquet", "edges.parquet"
_ABOUT = b"cartograph"
"""Key of what the tables do not say by their rows: types and relations that may be empty, codes, the epoch."""


def to_parquet(graph: KnowledgeGraph, folder: Path) -> list[Path]:
    """Write `nodes.parquet` (type, id, label, and a column a feature) and `edges.parquet`.

    An edge is source_type, source, relation, target_type, target (ids), time (seconds since 1970 in UTC, empty for
    facts), weight and provenance.
    """
    import pyarrow.parquet as pq

    about = {
        "epoch": graph.epoch,
        "now": graph.now,
        "provenances": graph.provenances,
        "types": {name: len(own) for name, own in graph.nodes.items()},
        "relations": [[*relation, len(edges)] for relation, edges in graph.relations.items()],
        "features": {
            name: {feature: str(values.dtype) for feature, values in kinds.items()}
            for name, kinds in graph.features.items()
        },
    }
    files = []
    for name, table in ((NODES, _node_table(graph)), (EDGES, _edge_table(graph))):
        files.append(folder / name)
        with replacing(files[-1]) as temporary:
            pq.write_table(table.replace_schema_metadata({_ABOUT: json.dumps(about)}), temporary, compression="zstd")
    return files


def from_parquet(folder: Path) -> KnowledgeGraph:
    """The graph that `to_parquet` wrote; KgError for files that are not of it."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        nodes, edges = (pq.read_table(folder / name) for name in (NODES, EDGES))
        about = json.loads(nodes.schema.metadata[_ABOUT])
    except (OSError, pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        fix = "Give the folder that `cartograph graph export --out FOLDER` wrote."
        raise KgError("these are no node and edge tables of a graph", file=folder, fix=fix) from error
    parts, features, start = {}, {}, 0
    for name, n in about["types"].items():
        own, start = nodes.slice(start, n), start + n
        parts[name] = (own["id"].to_pylist(), own["label"].to_pylist())
        features[name] = {
            feature: own[f"{name}.{feature}"].to_numpy().astype(dtype)
            for feature, dtype in about["features"].get(name, {}).items()
        }
    graph_nodes = numbered(parts)
    codes = {name: code for code, name in enumerate(about["provenances"])}
    relations: dict[Relation, Edges] = {}
    start = 0
    for source, name, target, n in about["relations"]:
        own, start = edges.slice(start, n), start + n
        heads, tails = (
            graph_nodes[kind].ids.to_index(own[end].to_pylist())
            for kind, end in ((source, "source"), (target, "target"))
        )
        time = np.array([TIMELESS if each is None else each - about["epoch"] for each in own["time"].to_pylist()])
        code = np.array([codes[each] for each in own["provenance"].to_pylist()])
        relations[source, name, target] = Edges.of(
            heads, tails, len(graph_nodes[source]), own["weight"].to_numpy(), time, code
        )
    return KnowledgeGraph(
        graph_nodes,
        relations,
        about["epoch"],
        about["now"],
        tuple(about["provenances"]),
        {name: kinds for name, kinds in features.items() if kinds},
    )


def _node_table(graph: KnowledgeGraph) -> pa.Table:
    import pyarrow as pa

    counts = [len(own) for own in graph.nodes.values()]
    columns: dict[str, Any] = {
        "type": _named([*graph.nodes], np.repeat(np.arange(len(counts)), counts)),
        "id": _joined(pa.array(own.ids.ids, pa.string()) for own in graph.nodes.values()),
        "label": _joined(pa.array(own.labels, pa.string()) for own in graph.nodes.values()),
    }
    for name, kinds in graph.features.items():
        for feature, values in kinds.items():
            kind = pa.from_numpy_dtype(values.dtype)
            columns[f"{name}.{feature}"] = pa.chunked_array(
                [
                    pa.array(values) if own == name else pa.nulls(n, kind)
                    for own, n in zip(graph.nodes, counts, strict=True)
                ],
                kind,
            )
    return pa.table(columns)


def _edge_table(graph: KnowledgeGraph) -> pa.Table:
    import pyarrow as pa

    relations = [*graph.relations.items()]
    counts = [len(edges) for _, edges in relations]
    place = np.repeat(np.arange(len(counts)), counts)
    columns: dict[str, Any] = {}
    for end, kind, position in (("source", "source_type", 0), ("target", "target_type", 2)):
        columns[kind] = _named([relation[position] for relation, _ in relations], place)
        columns[end] = _joined(
            pa.array(graph.nodes[relation[position]].ids.ids[edges.indices if position else edges.sources], pa.string())
            for relation, edges in relations
        )
        if not position:
            columns["relation"] = _named([relation[1] for relation, _ in relations], place)
    times = [edges.time.astype(np.int64) for _, edges in relations]
    columns["time"] = pa.chunked_array(
        [pa.array(time + graph.epoch, pa.int64(), mask=time == TIMELESS) for time in times], pa.int64()
    )
    columns["weight"] = pa.chunked_array([pa.array(edges.weight) for _, edges in relations], pa.float32())
    codes = np.concatenate([np.empty(0, np.uint16), *(edges.provenance for _, edges in relations)])
    columns["provenance"] = _named(list(graph.provenances), codes)
    return pa.table(columns)


def _named(names: list[str], codes: Any) -> Any:
    """Names by their codes, each kept once."""
    import pyarrow as pa

    return pa.array(names, pa.string()).take(pa.array(codes))


def _joined(parts: Any) -> Any:
    import pyarrow as pa

    return pa.chunked_array(parts, pa.string())
