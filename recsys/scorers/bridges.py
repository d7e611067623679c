"""The relations of a graph as normalised matrices, along which a network's messages pass.

Â_r = C^−½ D_r^−½ A_r D_r^−½ C^−½, where D_r holds the row sums of A_r, and C the number of relations a node has edges
of: an item's five attributes are not drowned by its thousand customers, and with one relation it is LightGCN's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import Weighting
from recsys.operators import power, scaled
from recsys.scorers.interactions import strongest

EVENTS: Relation = (USER, "", ITEM)
"""All kinds of event are one relation: each pair's strongest."""
Floats = NDArray[np.float64]


def bridges(graph: KnowledgeGraph, weighting: Weighting) -> dict[Relation, csr_array[np.float32]]:
    """Â_r of every relation that has an edge, one way: csr float32 (n_source, n_target), indices sorted."""
    parts = {EVENTS: strongest(graph, weighting)}
    parts |= {name: abs(graph.matrix(name)) for name in graph.relations if name not in graph.event_relations}
    degrees = {name: _degrees(matrix, within=name[0] == name[2]) for name, matrix in parts.items() if matrix.nnz}
    counts = {name: np.zeros(len(nodes)) for name, nodes in graph.nodes.items()}
    for (source, _, target), sides in degrees.items():
        for node_type, side in {source: sides[0], target: sides[1]}.items():
            counts[node_type] += side > 0
    found = {}
    for name, sides in degrees.items():
        factors = (power(side, -0.5) * power(counts[end], -0.5) for end, side in zip(name[::2], sides, strict=True))
        found[name] = scaled(parts[name], *factors)
        found[name].sort_indices()
    return found


def _degrees(matrix: csr_array, *, within: bool) -> tuple[Floats, Floats]:
    """Of rows and columns; `within` one node type a node's degree is that of both directions."""
    rows, columns = (np.asarray(matrix.sum(axis=axis), dtype=np.float64) for axis in (1, 0))
    return (rows + columns, rows + columns) if within else (rows, columns)
