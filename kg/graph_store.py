"""A graph on disk: numbers in safetensors, mapped when loaded; ids and labels in Parquet; a hash of every file.

A column of edges is compared with the hashes of its chunks when it is first touched, so that a graph of any size opens
at once; everything else is compared when the graph is opened.
"""

from __future__ import annotations

import hashlib
import json
import mmap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.files import file_hash, replacing_folder
from kg.graph import Edges, KnowledgeGraph, NodeType, numbered
from kg.hashing import chunk_hashes

FORMAT, VERSION = "cartograph-graph", 1
MANIFEST, NODES, EDGES, FEATURES = "manifest.json", "nodes.parquet", "edges.safetensors", "features.safetensors"
_COLUMNS = tuple(column.name for column in fields(Edges))
_DTYPES = {"BOOL": "?", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8",
           "I64": "<i8", "F16": "<f2", "F32": "<f4", "F64": "<f8"}  # fmt: skip
_HEADER = ""  # what its hash is called, among those of the arrays
_HEADER_LENGTH = 8  # bytes of the little-endian number a safetensors file begins with
_REBUILD = "Build and save the graph again; that of a workspace: `cartograph run`."


def save(graph: KnowledgeGraph, folder: Path | str) -> None:
    """Write the graph; an existing folder is replaced when all is written."""
    from safetensors.numpy import save_file

    with replacing_folder(Path(folder)) as temporary:
        _write_nodes(graph, temporary / NODES)
        edges = {f"{place}.{column}": getattr(part, column) for place, part in _numbered(graph) for column in _COLUMNS}
        edges = {name: np.ascontiguousarray(values) for name, values in edges.items()}
        save_file(edges, temporary / EDGES)
        features = {
            f"{node_type}.{name}": np.ascontiguousarray(values)
            for node_type, arrays in graph.features.items()
            for name, values in arrays.items()
        }
        save_file(features, temporary / FEATURES)
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "hash": graph.hash,
            "epoch": graph.epoch,
            "now": graph.now,
            "provenances": list(graph.provenances),
            "nodes": {name: len(node_type) for name, node_type in graph.nodes.items()},
            "relations": [list(relation) for relation in graph.relations],
            "features": {node_type: list(arrays) for node_type, arrays in graph.features.items()},
            "files": {name: file_hash(temporary / name) for name in (NODES, EDGES, FEATURES)},
            "chunks": {
                _HEADER: chunk_hashes(_header(temporary / EDGES)),
                **{name: chunk_hashes(_bytes(values)) for name, values in edges.items()},
            },
        }
        text = json.dumps(manifest | {"check": _check(manifest)}, indent=1, ensure_ascii=False)
        (temporary / MANIFEST).write_text(text, encoding="utf-8")


def load(folder: Path | str, *, verify: bool = True) -> KnowledgeGraph:
    """The graph that `save` wrote; its edges and features stay on disk until they are touched, and are read-only.

    `verify` compares what is read with its hash: ids, labels and features at once, a column of edges when it is first
    touched. Raises KgError, then too, naming the file that is damaged; at once where one is missing, or of another
    version.
    """
    folder = Path(folder)
    manifest = _manifest(folder / MANIFEST)
    chunks = manifest.get("chunks")  # graphs of earlier versions have none: they are read wholly
    for name, known in manifest["files"].items():
        if not (folder / name).is_file():
            raise KgError("a file of the graph is missing", file=folder / name, fix=_REBUILD)
        if verify and (name != EDGES or chunks is None) and file_hash(folder / name) != known:
            raise _damaged(folder / name)
    edges = _mapped(folder / EDGES, chunks if verify else None)
    features = {name: read() for name, read in _mapped(folder / FEATURES).items()}
    graph = KnowledgeGraph(
        nodes=_read_nodes(folder / NODES, manifest["nodes"]),
        relations={
            tuple(relation): _StoredEdges({column: edges[f"{place}.{column}"] for column in _COLUMNS})
            for place, relation in enumerate(manifest["relations"])
        },
        epoch=manifest["epoch"],
        now=manifest["now"],
        provenances=tuple(manifest["provenances"]),
        features={
            node_type: {name: features[f"{node_type}.{name}"] for name in names}
            for node_type, names in manifest["features"].items()
        },
    )
    vars(graph)["hash"] = manifest["hash"]  # known without a look at the edges
    return graph


class _StoredEdges(Edges):
    """Edges whose columns are read when they are first touched; they were checked before they were saved."""

    sound = True

    def __init__(self, columns: Mapping[str, Callable[[], NDArray[Any]]]) -> None:
        vars(self)["_stored"] = columns

    def __getattr__(self, name: str) -> Any:
        if name not in _COLUMNS:
            raise AttributeError(name)
        vars(self)[name] = values = vars(self)["_stored"][name]()
        return values


def _numbered(graph: KnowledgeGraph) -> Iterator[tuple[int, Edges]]:
    return enumerate(graph.relations.values())


def _write_nodes(graph: KnowledgeGraph, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = pa.chunked_array([pa.array(kind.ids.ids, pa.string()) for kind in graph.nodes.values()], pa.string())
    labels = pa.chunked_array([pa.array(kind.labels, pa.string()) for kind in graph.nodes.values()], pa.string())
    pq.write_table(pa.table({"id": ids, "label": labels}), path, compression="zstd")


def _read_nodes(path: Path, counts: Mapping[str, int]) -> dict[str, NodeType]:
    import pyarrow.parquet as pq

    table = pq.ParquetFile(path).read()  # read_table imports pyarrow.dataset first
    ends = np.cumsum([0, *counts.values()]).tolist()
    parts = {name: table.slice(start, counts[name]) for name, start in zip(counts, ends, strict=False)}
    columns = {name: (part["id"].to_numpy(), part["label"].to_numpy()) for name, part in parts.items()}
    return numbered(columns, unique=True)  # they were, when they were saved


def _mapped(path: Path, chunks: Mapping[str, list[str]] | None = None) -> dict[str, Callable[[], NDArray[Any]]]:
    """What reads each array of a safetensors file, mapped into memory (`safe_open` copies what it hands out).

    Each is compared with its `chunks` when it is read.
    """
    with path.open("rb") as file:
        memory = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    data = _HEADER_LENGTH + int.from_bytes(memory[:_HEADER_LENGTH], "little")

    def compared(name: str, content: memoryview) -> memoryview:
        if chunks is not None and chunk_hashes(content) != chunks[name]:
            raise _damaged(path)
        return content

    def values(name: str) -> NDArray[Any]:
        first, last = header[name]["data_offsets"]
        content = compared(name, memory[data + first : data + last])
        return np.frombuffer(content, np.dtype(_DTYPES[header[name]["dtype"]])).reshape(header[name]["shape"])

    header = json.loads(bytes(compared(_HEADER, memory[:data])[_HEADER_LENGTH:]))
    return {name: partial(values, name) for name in header}


def _header(path: Path) -> memoryview:
    """The first bytes of a safetensors file, up to its data."""
    with path.open("rb") as file:
        length = file.read(_HEADER_LENGTH)
        return memoryview(length + file.read(int.from_bytes(length, "little")))


def _bytes(values: NDArray[Any]) -> memoryview:
    return values.reshape(-1).view(np.uint8).data


def _damaged(path: Path) -> KgError:
    return KgError("a file of the graph is damaged", file=path, fix=_REBUILD)


def _manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_bytes())
        check = manifest.pop("check")
        damaged = check != _check(manifest)
    except FileNotFoundError as error:
        raise KgError("there is no graph here", file=path, fix="Build one, or name its folder.") from error
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise _damaged(path) from error
    if damaged:
        raise _damaged(path)
    if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
        raise KgError(f"the graph is not of version {VERSION}", file=path, value=manifest["version"], fix=_REBUILD)
    return manifest


def _check(manifest: Mapping[str, Any]) -> str:
    """Hash of what the manifest says, 32 hex digits."""
    text = json.dumps(manifest, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
