"""A graph as GraphML (Brandes et al. 2002), for NetworkX, Gephi, yEd and the like, written one line after the other.

GraphML holds texts and numbers: a node's id is `type:id`, and its type, id, label and features are data beside it. An
edge has its relation, weight, provenance and, where there is one, time in unix seconds. Parallel edges stay. A feature
that is NaN is left out; characters that XML cannot hold become �.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from kg.graph import KnowledgeGraph
from kg.query import TIMELESS
from kg.xml_text import legal

_OF_NODES = {"type": "string", "id": "string", "label": "string"}
_OF_EDGES = {"relation": "string", "weight": "double", "provenance": "string", "time": "long"}
_TYPES = {"f": "double", "b": "boolean"}


def graphml(graph: KnowledgeGraph) -> Iterator[str]:
    """The lines of the file."""
    features = {
        f"feature_{key}": _TYPES.get(values.dtype.kind, "long")
        for kinds in graph.features.values()
        for key, values in kinds.items()
    }
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for of, keys in (("node", _OF_NODES | features), ("edge", _OF_EDGES)):
        for key, kind in keys.items():
            name = quoteattr(key.removeprefix("feature_"))
            yield f'<key id={_key(of, key)} for="{of}" attr.name={name} attr.type="{kind}"/>\n'
    yield '<graph edgedefault="directed">\n'
    yield from _nodes(graph)
    yield from _edges(graph)
    yield "</graph>\n</graphml>\n"


def _nodes(graph: KnowledgeGraph) -> Iterator[str]:
    for name, nodes in graph.nodes.items():
        features = {f"feature_{key}": own.tolist() for key, own in graph.features.get(name, {}).items()}
        for place, (node_id, label) in enumerate(zip(nodes.ids.ids, nodes.labels, strict=True)):
            told = {"type": name, "id": node_id, "label": label}
            told |= {key: own[place] for key, own in features.items()}
            yield f"<node id={_node(name, node_id)}>{_data('node', told)}</node>\n"


def _edges(graph: KnowledgeGraph) -> Iterator[str]:
    for (source, name, target), edges in graph.relations.items():
        heads = np.array([_node(source, each) for each in graph.nodes[source].ids.ids], dtype=object)[edges.sources]
        tails = np.array([_node(target, each) for each in graph.nodes[target].ids.ids], dtype=object)[edges.indices]
        columns = (heads, tails, edges.weight.tolist(), edges.time.tolist(), edges.provenance.tolist())
        for head, tail, weight, time, code in zip(*columns, strict=True):
            told = {"relation": name, "weight": weight, "provenance": graph.provenances[code]}
            told |= {} if time == TIMELESS else {"time": graph.epoch + time}
            yield f"<edge source={head} target={tail}>{_data('edge', told)}</edge>\n"


def _node(name: str, node_id: str) -> str:
    return quoteattr(legal(f"{name}:{node_id}"))


def _data(of: str, told: Mapping[str, Any]) -> str:
    known = ((key, value) for key, value in told.items() if value == value)  # NaN is not itself
    return "".join(f"<data key={_key(of, key)}>{_text(value)}</data>" for key, value in known)


def _key(of: str, name: str) -> str:
    return quoteattr(f"{of}_{name}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else escape(legal(value), {"\r": "&#13;"})
