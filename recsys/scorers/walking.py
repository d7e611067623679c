"""What scorers share that walk along metapaths: the product of the steps, and each walk as a path of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kg.graph import KnowledgeGraph
from recsys.linear import LinearScorer, Weighed
from recsys.operators import Factors, dense
from recsys.scorers.metapaths import Metapath
from recsys.scorers.ways import Nodes, ways
from recsys.types import MANY, Contribution, Path

Steps = dict[str, list[csr_array]]
"""The matrices of every metapath's steps, by its name."""
Way = tuple[int, Path, float]
"""Where it starts in the nodes asked about, the path, and what it is worth."""


class Walking(LinearScorer):
    """operator = Σ over metapaths p: T_p1 ⋯ T_pk, from all nodes to items; `fit` calls `_walk` with the steps T."""

    reads_all_nodes: ClassVar[bool] = True

    metapaths_: tuple[str, ...]
    middles_: NDArray[np.int64]
    type_names_: tuple[str, ...]
    type_starts_: NDArray[np.int64]
    sides_: tuple[csr_array, ...]

    def _walk(self, graph: KnowledgeGraph, steps: Steps) -> Self:
        """Set the state but for `opinion_`.

        metapaths_   the metapaths walked; `middles_` int64 (P + 1,): the columns of both factors that belong to each
        type_names_  the node types; `type_starts_` int64 (T + 1,): where each begins in the one numbering
        sides_       per metapath that passes no users its steps up to the middle, then from the item up to it (turned
                     round), each csr; the others are told from the factors alone
        """
        paths = [Metapath.parse(path) for path in steps]
        factors = [_factors(graph, path, matrices) for path, matrices in zip(paths, steps.values(), strict=True)]
        lefts: list[csr_array] = [csr_array(np.empty((graph.n_nodes, 0), np.float32)), *(left for left, _ in factors)]
        rights: list[csr_array] = [
            csr_array(np.empty((graph.n_items, 0), np.float32)),
            *(right for _, right in factors),
        ]
        self.operator_ = Factors(hstack(lefts, format="csr"), hstack(rights, format="csr"))
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = np.ones(graph.n_items, dtype=bool)
        self.metapaths_ = tuple(steps)
        self.middles_ = np.cumsum([0, *(left.shape[1] for left, _ in factors)])
        self.type_names_ = tuple(graph.nodes)
        self.type_starts_ = np.array([*(node_type.start for node_type in graph.nodes.values()), graph.n_nodes])
        told = [(path, part) for path, part in zip(paths, steps.values(), strict=True) if not path.through_users]
        self.sides_ = tuple(matrix for path, matrices in told for matrix in _sides(path, matrices))
        return self

    def _reached(self) -> NDArray[np.bool_]:
        """The items that any walk ends at, bool (n_items,)."""
        assert isinstance(self.operator_, Factors)
        return np.diff(self.operator_.right.indptr) > 0

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution]:
        """One per event, metapath and concrete way; the ways through other customers are one, with their number."""
        nodes, told = events.by_node()
        for row, path, value in (*self._by_customers(nodes, items, item), *self._by_facts(nodes, item)):
            for event, weight in told[row]:
                yield Contribution(weight * value, "path", self.name, event, path)

    def _by_customers(self, nodes: Nodes, items: range, item: int) -> Iterator[Way]:
        """The ways from `nodes` through users, those of one metapath and node added up."""
        assert isinstance(self.operator_, Factors)
        side = dense(self.operator_.right[[item]])[0].astype(np.float64)
        left = self.operator_.left[nodes]
        rows = np.repeat(np.arange(len(nodes)), np.diff(left.indptr))
        values = left.data * side[left.indices]
        met = values > 0
        cell = (np.searchsorted(self.middles_, left.indices[met], side="right") - 1) * len(nodes) + rows[met]
        n_cells = len(self.metapaths_) * len(nodes)
        sums, counts = np.bincount(cell, values[met], minlength=n_cells), np.bincount(cell, minlength=n_cells)
        paths = [Metapath.parse(text) for text in self.metapaths_]
        for found in np.flatnonzero(counts).tolist():
            metapath, row = paths[found // len(nodes)], found % len(nodes)
            if metapath.through_users:
                way = Path((int(nodes[row]), MANY, items.start + item), metapath.relations, int(counts[found]))
                yield row, way, float(sums[found])

    def _by_facts(self, nodes: Nodes, item: int) -> Iterator[Way]:
        """Every concrete way from `nodes` along metapaths that pass no users."""
        sides = iter(self.sides_)
        for metapath in (path for text in self.metapaths_ if not (path := Metapath.parse(text)).through_users):
            steps = [next(sides) for _ in metapath.relations]
            types = [self.type_names_.index(name) for name in metapath.types]
            first, stop = self.type_starts_[types[0]], self.type_starts_[types[0] + 1]
            mine = np.flatnonzero((nodes >= first) & (nodes < stop))
            rows, passed, values = ways(steps[: metapath.middle], steps[metapath.middle :], nodes[mine] - first, item)
            walked = (passed + self.type_starts_[types]).tolist()
            for row, way, value in zip(mine[rows].tolist(), walked, values.tolist(), strict=True):
                yield row, Path(tuple(way), metapath.relations), value


def _factors(graph: KnowledgeGraph, path: Metapath, steps: list[csr_array]) -> tuple[csr_array, csr_array]:
    """The product of the steps up to the middle, rows all nodes; and of those after it, turned round: rows items."""
    start = graph.nodes[path.types[0]]
    left = _product(steps[: path.middle], len(start))
    above = csr_array((start.start, left.shape[1]), dtype=np.float32)
    below = csr_array((graph.n_nodes - start.range.stop, left.shape[1]), dtype=np.float32)
    right = _product(steps[path.middle :], left.shape[1])
    return vstack([above, left, below], format="csr"), right.T.tocsr()


def _product(steps: list[csr_array], n_rows: int) -> csr_array:
    product = eye_array(n_rows, dtype=np.float32, format="csr")
    for step in steps:
        product = product @ step
    return product.tocsr()


def _sides(path: Metapath, steps: list[csr_array]) -> list[csr_array]:
    """Steps from the start to the middle, then from the item to it."""
    return steps[: path.middle] + [step.T.tocsr() for step in reversed(steps[path.middle :])]
