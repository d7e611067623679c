"""What scorers share that walk along metapaths: the product of the steps, and each walk as a path of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kg.graph import KnowledgeGraph
from recsys.linear import LinearScorer, Weighed
from recsys.operators import Factors
from recsys.scorers.metapaths import Metapath
from recsys.scorers.ways import Nodes, half, joined
from recsys.summands import MANY, Summands

_SHORT = 2  # steps of a metapath whose halves are single steps
Matrices = list[csr_array]
Steps = dict[str, Matrices]
"""The matrices of every metapath's steps, by its name."""


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

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """One per event, metapath and concrete way; the ways through other customers are one, with their number.

        Where halves of at most one step meet, both are entries of the factors, and so is the way they make; those of
        longer ones are walked.
        """
        assert isinstance(self.operator_, Factors)
        halves = events.once("halves", lambda: self._halves(events))
        side = np.zeros(self.operator_.right.shape[1])
        entries = slice(*self.operator_.right.indptr[item : item + 2])
        side[self.operator_.right.indices[entries]] = self.operator_.right.data[entries]
        values = halves.values * side[halves.middles]
        of_long = dict(self._by_halves())
        for place, text in enumerate(self.metapaths_):
            mine = slice(*halves.ends[place : place + 2])
            met = np.flatnonzero(values[mine])
            if not len(met):
                continue
            metapath, rows, worth, counts = Metapath.parse(text), halves.rows[mine][met], values[mine][met], None
            if metapath.through_users:
                found = np.bincount(rows, minlength=len(events.touched))
                worth = np.bincount(rows, worth)
                rows = np.flatnonzero(found)
                worth, counts = worth[rows], found[rows]
                between = [np.full(len(rows), MANY)]
            elif len(metapath.relations) > _SHORT:
                rows, worth, passed, counts = self._walked(events, metapath, place, item, *of_long[place])
                between = list(passed.T)
            else:
                nodes = halves.middles[mine][met] - self.middles_[place] + self._start(metapath.types[metapath.middle])
                between = [nodes] if metapath.middle else []
            nodes = np.stack([events.touched[rows], *between, np.full(len(rows), items.start + item)], axis=1)
            yield events.summands(self.name, "path", rows, worth, nodes, metapath.relations, counts)

    def _halves(self, events: Weighed) -> _Halves:
        """The rows of the left factor that the nodes touched have."""
        assert isinstance(self.operator_, Factors)
        left = self.operator_.left[events.touched]
        metapath = np.searchsorted(self.middles_, left.indices, side="right") - 1
        order = np.argsort(metapath, kind="stable")
        rows = np.repeat(np.arange(len(events.touched)), np.diff(left.indptr))[order]
        ends = np.searchsorted(metapath[order], np.arange(len(self.metapaths_) + 1))
        return _Halves(left.indices[order], left.data[order].astype(np.float64), rows, ends)

    def _walked(
        self, events: Weighed, metapath: Metapath, place: int, item: int, up: Matrices, down: Matrices
    ) -> tuple[Nodes, NDArray[np.float64], Nodes, Nodes]:
        """Every way of a long metapath: where it starts in `touched`, its worth, the nodes between, its count."""
        starts = np.array([self._start(name) for name in metapath.types])
        stop = self.type_starts_[self.type_names_.index(metapath.types[0]) + 1]
        low, high = np.searchsorted(events.touched, (starts[0], stop))
        ups = events.once(f"up {place}", lambda: half(up, events.touched[low:high] - starts[0]))
        rows, passed, worth, counts = joined(ups, half(down, np.array([item])))
        between = passed[:, 1:-1]
        return rows + low, worth, np.where(between == MANY, MANY, between + starts[1:-1]), counts

    def _start(self, type_name: str) -> int:
        """Where a node type begins in the one numbering."""
        return int(self.type_starts_[self.type_names_.index(type_name)])

    def _by_halves(self) -> Iterator[tuple[int, tuple[Matrices, Matrices]]]:
        """By its place every metapath that passes no users: the steps up to its middle, and from the item up to it."""
        sides = iter(self.sides_)
        for place, metapath in enumerate(map(Metapath.parse, self.metapaths_)):
            if not metapath.through_users:
                steps = [next(sides) for _ in metapath.relations]
                yield place, (steps[: metapath.middle], steps[metapath.middle :])


@dataclass(frozen=True, eq=False)
class _Halves:
    """The entries that some rows of the left factor have, by metapath, then by row, of each m.

    middles  the column; values float64; rows: which of the rows; ends int64 (P + 1,): where each metapath's begin
    """

    middles: Nodes
    values: NDArray[np.float64]
    rows: Nodes
    ends: Nodes


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
