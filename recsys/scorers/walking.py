"""What scorers share that walk along metapaths: the product of the steps, and each walk as a path of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kg.graph import KnowledgeGraph
from recsys.linear import LinearScorer, Weighed
from recsys.operators import Factors
from recsys.scorers.metapaths import Metapath
from recsys.scorers.ways import Entries, Nodes, half, joined
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
    firsts_: NDArray[np.integer]
    type_names_: tuple[str, ...]
    type_starts_: NDArray[np.int64]
    long_sides_: tuple[csr_array, ...]

    def _walk(self, graph: KnowledgeGraph, steps: Steps) -> Self:
        """Set the state but for `opinion_`.

        metapaths_   the metapaths walked; `middles_` int64 (P + 1,): the columns of both factors that belong to each
        firsts_      (n_nodes · P + 1,): where the entries of every node and metapath begin in the left factor
        type_names_  the node types; `type_starts_` int64 (T + 1,): where each begins in the one numbering
        long_sides_  per metapath that is walked to be told its steps up to the middle, then from the item up to it
                     (turned round), each csr; the others are told from the factors alone
        """
        paths = [Metapath.parse(path) for path in steps]
        factors = [_factors(graph, path, matrices) for path, matrices in zip(paths, steps.values(), strict=True)]
        lefts: list[csr_array] = [csr_array(np.empty((graph.n_nodes, 0), np.float32)), *(left for left, _ in factors)]
        rights: list[csr_array] = [
            csr_array(np.empty((graph.n_items, 0), np.float32)),
            *(right for _, right in factors),
        ]
        self.operator_ = Factors(hstack(lefts, format="csr"), hstack(rights, format="csr"))
        for side in (self.operator_.left, self.operator_.right):
            side.sort_indices()
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = np.ones(graph.n_items, dtype=bool)
        self.metapaths_ = tuple(steps)
        self.middles_ = np.cumsum([0, *(left.shape[1] for left, _ in factors)])
        lengths = np.stack([np.diff(left.indptr) for left in lefts], axis=1)[:, 1:]
        self.firsts_ = np.append(0, np.cumsum(lengths)).astype(self.operator_.left.indptr.dtype)
        self.type_names_ = tuple(graph.nodes)
        self.type_starts_ = np.array([*(node_type.start for node_type in graph.nodes.values()), graph.n_nodes])
        walked = [(path, part) for path, part in zip(paths, steps.values(), strict=True) if _walked_to_tell(path)]
        self.long_sides_ = tuple(matrix for path, matrices in walked for matrix in _sides(path, matrices))
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
        of_long, n = dict(self._by_halves()), len(events.touched)
        halves = events.once("halves", lambda: self._halves(events.touched))
        side = self.operator_.side(item).astype(np.float64)
        together, numbers = halves.added_up(side)
        for place in np.flatnonzero(numbers.reshape(-1, n).any(axis=1)).tolist() if n else ():
            mine = range(place * n, (place + 1) * n)
            metapath, counts = Metapath.parse(self.metapaths_[place]), None
            if metapath.through_users:
                rows = np.flatnonzero(numbers[mine.start : mine.stop])
                worth, counts = together[mine.start + rows], numbers[mine.start + rows]
                between = [np.full(len(rows), MANY)]
            elif place in of_long:
                rows, worth, passed, counts = self._walked(events, metapath, place, item, *of_long[place])
                between = list(passed.T)
            else:
                rows, middles, worth = halves.one_by_one(side, mine)
                nodes = middles - self.middles_[place] + self._start(metapath.types[metapath.middle])
                between = [nodes] if metapath.middle else []
            nodes = np.stack([events.touched[rows], *between, np.full(len(rows), items.start + item)], axis=1)
            yield events.summands(self.name, "path", rows, worth, nodes, metapath.relations, counts)

    def _halves(self, touched: Nodes) -> Entries:
        """The entries of the left factor that these nodes (n,) have: rows are metapath after metapath, all nodes."""
        assert isinstance(self.operator_, Factors)
        left, n = self.operator_.left, len(self.metapaths_)
        by_metapath = csr_array((left.data, left.indices, self.firsts_), (left.shape[0] * n, left.shape[1]))
        return Entries.of(by_metapath, (np.arange(n)[:, None] + touched * n).ravel())

    def _walked(
        self, events: Weighed, metapath: Metapath, place: int, item: int, up: Matrices, down: Matrices
    ) -> tuple[Nodes, NDArray[np.float64], Nodes, Nodes]:
        """Every way of a long metapath: where it starts in `touched`, its worth, the nodes between, its count."""
        starts = np.array([self._start(name) for name in metapath.types])
        stop = self.type_starts_[self.type_names_.index(metapath.types[0]) + 1]
        low, high = np.searchsorted(events.touched, (starts[0], stop))
        ups = events.once(f"up {place}", lambda: half(up, events.touched[low:high] - starts[0]))
        rows, passed, worth, counts = joined(ups, half(down, np.array([item])), deadline=events.deadline)
        between = passed[:, 1:-1]
        return rows + low, worth, np.where(between == MANY, MANY, between + starts[1:-1]), counts

    def _start(self, type_name: str) -> int:
        """Where a node type begins in the one numbering."""
        return int(self.type_starts_[self.type_names_.index(type_name)])

    def _by_halves(self) -> Iterator[tuple[int, tuple[Matrices, Matrices]]]:
        """By its place every metapath that is walked: the steps up to its middle, and from the item up to it."""
        sides = iter(self.long_sides_)
        for place, metapath in enumerate(map(Metapath.parse, self.metapaths_)):
            if _walked_to_tell(metapath):
                steps = [next(sides) for _ in metapath.relations]
                yield place, (steps[: metapath.middle], steps[metapath.middle :])


def _walked_to_tell(metapath: Metapath) -> bool:
    """Whether its ways are told one by one, and the factors do not say what they pass."""
    return len(metapath.relations) > _SHORT and not metapath.through_users


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
