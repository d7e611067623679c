"""What is known of every item beside who had it: its brand, category, colour, theme …, each by how telling it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.operators import power, scaled


@dataclass(frozen=True, eq=False)
class Attributes:
    """An attribute is a node that one relation leads to from items.

    weights    csr float32 (n_items, A): the weight of the fact
    values     that times log(items / those with it)
    nodes      int64 (A,), in the one numbering
    relations  the relations; `starts` int64 (R + 1,): where the attributes of each begin
    """

    weights: csr_array[np.float32]
    values: csr_array[np.float32]
    nodes: NDArray[np.int64]
    relations: tuple[str, ...]
    starts: NDArray[np.int64]

    @property
    def unit(self) -> csr_array[np.float32]:
        """The values, every row of length 1 (or empty)."""
        return scaled(self.values, rows=power(np.asarray(self.values.power(2).sum(axis=1)), -0.5))


def attributes(graph: KnowledgeGraph) -> Attributes:
    """All attributes of the items, relations by name."""
    found = sorted(
        name
        for name, edges in graph.relations.items()
        if name[0] == ITEM and name[2] not in (USER, ITEM) and len(edges)
    )
    nothing: Any = csr_array((graph.n_items, 0), dtype=np.float32)
    known = hstack([nothing, *(abs(graph.matrix(relation)) for relation in found)], format="csr")
    known.eliminate_zeros()
    having = np.bincount(known.indices, minlength=known.shape[1])
    lengths = [len(graph.nodes[target]) for _, _, target in found]
    nodes = [np.arange(graph.nodes[target].start, graph.nodes[target].range.stop) for _, _, target in found]
    return Attributes(
        known,
        scaled(known, columns=np.log1p(graph.n_items / np.maximum(having, 1))),
        np.concatenate([np.empty(0, np.int64), *nodes]),
        tuple(name for _, name, _ in found),
        np.cumsum([0, *lengths]),
    )
