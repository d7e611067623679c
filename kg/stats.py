"""What a graph holds, counted."""

from __future__ import annotations

from typing import Any

from kg.graph import KnowledgeGraph


def stats(graph: KnowledgeGraph) -> dict[str, Any]:
    """Nodes by type, edges by relation, the content hash and the bytes of all edges, ready for JSON."""
    return {
        "nodes": {name: len(node_type) for name, node_type in graph.nodes.items()},
        "relations": [
            {"source": source, "name": name, "target": target, "edges": len(edges)}
            for (source, name, target), edges in graph.relations.items()
        ],
        "hash": graph.hash,
        "bytes": graph.nbytes,
    }
