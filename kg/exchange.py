"""A graph in the words of others, and back: PyG's HeteroData, NetworkX's MultiDiGraph, rdflib's Graph, Parquet tables.

All but RDF hold everything; what that holds is told in `kg.vocabulary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, Relation, numbered
from kg.graph_tables import from_parquet, to_parquet
from kg.query import TIMELESS
from kg.rdf import from_rdf, to_rdf

if TYPE_CHECKING:
    import networkx as nx
    from torch_geometric.data import HeteroData

__all__ = [
    "from_networkx", "from_parquet", "from_pyg", "from_rdf", "to_networkx", "to_parquet", "to_pyg", "to_rdf",
]  # fmt: skip

_NODE_KEYS = ("num_nodes", "ids", "labels")


def to_pyg(graph: KnowledgeGraph) -> HeteroData:
    """A HeteroData; `torch_geometric.transforms.ToUndirected` adds the reverse relations.

    Node stores have `ids`, `labels` (lists) and a tensor per feature; edge stores `edge_index` int64 (2, E), `weight`
    float32 (E,), `time` int32 (E,) as in `Edges`, and `provenance` int32 (E,).
    """
    import torch
    from torch_geometric.data import HeteroData

    data: Any = HeteroData(epoch=graph.epoch, now=graph.now, provenances=list(graph.provenances))
    for name, node_type in graph.nodes.items():
        store = data[name]
        store.num_nodes = len(node_type)
        store.ids, store.labels = node_type.ids.ids.tolist(), node_type.labels.tolist()
        for feature, values in graph.features.get(name, {}).items():
            store[feature] = torch.from_numpy(values.copy())
    for relation, edges in graph.relations.items():
        store = data[relation]
        store.edge_index = torch.from_numpy(np.stack([edges.sources, edges.indices]).astype(np.int64))
        store.weight, store.time = torch.from_numpy(edges.weight.copy()), torch.from_numpy(edges.time.copy())
        store.provenance = torch.from_numpy(edges.provenance.astype(np.int32))
    return data


def from_pyg(data: HeteroData) -> KnowledgeGraph:
    """The graph that `to_pyg` told, or another HeteroData: then ids are the numbers of its nodes, and edges weigh 1."""
    about = data.to_dict()
    parts, features, relations = {}, {}, {}
    for name in data.node_types:
        store = about[name]
        ids = store.get("ids") or [str(place) for place in range(data[name].num_nodes)]
        parts[name] = (ids, store.get("labels", ids))
        features[name] = {key: values.numpy() for key, values in store.items() if key not in _NODE_KEYS}
    for relation in data.edge_types:
        store = about[relation]
        columns = {key: store[key].numpy() for key in ("weight", "time", "provenance") if key in store}
        sources, targets = store["edge_index"].numpy()
        relations[relation] = Edges.of(sources, targets, len(parts[relation[0]][0]), **columns)
    return KnowledgeGraph(
        nodes=numbered(parts),
        relations=relations,
        epoch=about["_global_store"].get("epoch", 0),
        now=about["_global_store"].get("now", 0),
        provenances=tuple(about["_global_store"].get("provenances", ("",))),
        features={name: own for name, own in features.items() if own},
    )


def to_networkx(graph: KnowledgeGraph) -> nx.MultiDiGraph[Any]:
    """Nodes are (type, id), with `label` and a value per feature.

    Edges have `relation`, `weight`, `provenance` and, where there is one, `time` in unix seconds.
    """
    import networkx as nx

    found: nx.MultiDiGraph[Any] = nx.MultiDiGraph(
        epoch=graph.epoch,
        now=graph.now,
        provenances=graph.provenances,
        node_types=list(graph.nodes),
        relations=list(graph.relations),
        features={name: {key: str(own.dtype) for key, own in kinds.items()} for name, kinds in graph.features.items()},
    )
    for name, node_type in graph.nodes.items():
        features = graph.features.get(name, {})
        for place, (node_id, label) in enumerate(zip(node_type.ids.ids, node_type.labels, strict=True)):
            found.add_node((name, node_id), label=label, **{key: own[place].item() for key, own in features.items()})
    for (source, name, target), edges in graph.relations.items():
        heads, tails = graph.nodes[source].ids.ids[edges.sources], graph.nodes[target].ids.ids[edges.indices]
        columns = (heads, tails, edges.weight.tolist(), edges.time.tolist(), edges.provenance.tolist())
        for head, tail, weight, time, code in zip(*columns, strict=True):
            moment = {} if time == TIMELESS else {"time": graph.epoch + time}
            told = {"relation": name, "weight": weight, "provenance": graph.provenances[code], **moment}
            found.add_edge((source, head), (target, tail), **told)
    return found


def from_networkx(told: nx.MultiDiGraph[Any]) -> KnowledgeGraph:
    """The graph that `to_networkx` told, or another whose nodes are (type, id) and whose edges have a `relation`.

    Raises KgError naming a node or an edge that is not so.
    """
    about = told.graph
    ids: dict[str, list[str]] = {name: [] for name in about.get("node_types", ())}
    for node in told.nodes:
        if not (isinstance(node, tuple) and len(node) == 2):
            raise KgError("a node is not a pair of type and id", value=node, fix="Name it like ('item', '85123A').")
        ids.setdefault(node[0], []).append(node[1])
    place = {(name, node_id): at for name, own in ids.items() for at, node_id in enumerate(own)}

    def values(name: str, key: str) -> list[Any]:
        return [told.nodes[name, node_id].get(key, node_id) for node_id in ids[name]]

    rows: dict[Relation, list[tuple[int, int, int, float, int]]] = {
        tuple(key): [] for key in about.get("relations", ())
    }
    provenances = {name: code for code, name in enumerate(about.get("provenances", ()))}
    epoch = about.get("epoch", 0)
    for head, tail, edge in told.edges.data():
        if "relation" not in edge:
            raise KgError("an edge has no relation", value=(head, tail), fix="Give it the attribute `relation`.")
        time = edge["time"] - epoch if "time" in edge else int(TIMELESS)
        code = provenances.setdefault(edge.get("provenance", ""), len(provenances))
        row = (place[head], place[tail], time, edge.get("weight", 1.0), code)
        rows.setdefault((head[0], edge["relation"], tail[0]), []).append(row)
    return KnowledgeGraph(
        nodes=numbered({name: (own, values(name, "label")) for name, own in ids.items()}),
        relations={relation: Edges.of_rows(found, len(ids[relation[0]])) for relation, found in rows.items()},
        epoch=epoch,
        now=about.get("now", 0),
        provenances=tuple(provenances) or ("",),
        features={
            name: {key: np.array(values(name, key), dtype) for key, dtype in kinds.items()}
            for name, kinds in about.get("features", {}).items()
        },
    )
