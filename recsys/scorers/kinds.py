"""The kinds of things a shop sells, for scorers that know too little of any one item."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.operators import power, scaled


def kinds_of(graph: KnowledgeGraph, name: str) -> tuple[csr_array[np.float32], int]:
    """Items by the nodes that a relation of this name leads to, rows summing to 1 (or empty); where the nodes begin."""
    for relation in graph.relations:
        if relation[:2] == (ITEM, name) and relation[2] != USER:
            matrix = abs(graph.matrix(relation))
            return scaled(matrix, rows=power(matrix.sum(axis=1), -1)), graph.nodes[relation[2]].start
    none: Any = csr_array((graph.n_items, 0), dtype=np.float32)
    return none, 0
