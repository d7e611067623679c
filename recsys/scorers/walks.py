"""Random walks over the typed graph from what a person did to items, metapath by metapath.

The score of an item is where the walks end, so its explanation is the walks themselves: paths of the graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array, eye_array, hstack, vstack

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.fusion import Fusion
from recsys.learning import learn
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import Factors, dense
from recsys.protocol import Protocol
from recsys.scorers.metapaths import Metapath, metapaths, transitions
from recsys.scorers.ways import Nodes, ways
from recsys.types import MANY, Contribution, Holdout, Path

Steps = dict[str, list[csr_array]]
Way = tuple[int, Path, float]
"""Where it starts in the nodes asked about, the path, and what it is worth."""
_SAMPLE = 500  # users that the loudness of a metapath is measured on


@dataclass(config=STRICT)
class Walks(LinearScorer):
    """operator = Σ over metapaths p: weight_p · T_p1 ⋯ T_pk, from all nodes to items; times each item's demand.

    T are the row-normalised steps, the last one damped by popularity to the power `beta` (`metapaths.transitions`).
    `metapath_weights` are the weights ≥ 0 by metapath, those not named 0; None: learned on validation where `fit` is
    given one, else such that all speak equally loud. What validation taught is in `taught_`: the parameters to fit with
    once more, on later data.
    """

    beta: float = 0.7
    max_steps: PositiveInt = 4
    metapath_weights: Mapping[str, NonNegativeFloat] | None = None
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "walks"

    reads_all_nodes: ClassVar[bool] = True
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": (180, None),
        "beta": (0.4, 0.7),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        steps = self._steps(graph)
        self.taught_: dict[str, Any] = {}
        if self.metapath_weights is not None:
            weights = self.metapath_weights
        elif validation is None or not steps:
            weights = self._even(graph, steps)
        else:
            weights = self.taught_["metapath_weights"] = self._learned(graph, steps, validation)
        self._walk(graph, {path: _weighed(part, weights[path]) for path, part in steps.items() if weights.get(path)})
        assert isinstance(self.operator_, Factors)
        self.opinion_ = np.diff(self.operator_.right.indptr) > 0
        return self

    def _steps(self, graph: KnowledgeGraph) -> Steps:
        """The transitions of every metapath that is walked."""
        lasting = replace(self.weighting, half_life=self.train_half_life)
        found = metapaths(graph, self.weighting, self.max_steps)
        return {str(path): transitions(graph, path, lasting, self.beta) for path in found}

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

    def _even(self, graph: KnowledgeGraph, steps: Steps) -> dict[str, float]:
        """Weights by which every metapath spreads the scores of a sample of users equally; the largest is 1."""
        sample = graph.query(np.unique(np.linspace(0, graph.n_users - 1, _SAMPLE).astype(np.int64)))
        parts = {path: replace(self)._walk(graph, {path: matrices}) for path, matrices in steps.items()}
        spreads = {path: float(part.score(sample).std(axis=1, dtype=np.float64).mean()) for path, part in parts.items()}
        least = min((spread for spread in spreads.values() if spread), default=1.0)
        return {path: least / spread if spread else 1.0 for path, spread in spreads.items()}

    def _learned(self, graph: KnowledgeGraph, steps: Steps, validation: Holdout) -> dict[str, float]:
        """The weights of a fusion of scorers that walk one metapath each; the largest is 1."""
        parts = {path: replace(self)._walk(graph, {path: matrices}) for path, matrices in steps.items()}
        factors = learn(Fusion(parts), validation, Protocol(repeats="exclude")).factors
        return {path: float(factor / factors.max()) for path, factor in zip(parts, factors, strict=True)}

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution]:
        """One per event, metapath and concrete way; the ways through other customers are one, with their number."""
        nodes, place = np.unique(events.nodes, return_inverse=True)
        order = np.argsort(place, kind="stable")  # events on one node, side by side
        ends = np.cumsum(np.bincount(place, minlength=len(nodes))).tolist()
        told = list(zip(events.some(order), events.weights[order].tolist(), strict=True))
        for row, path, value in (*self._by_customers(nodes, items, item), *self._by_facts(nodes, item)):
            for event, weight in told[ends[row - 1] if row else 0 : ends[row]]:
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


def _weighed(steps: list[csr_array], weight: float) -> list[csr_array]:
    return [*steps[:-1], (steps[-1] * np.float32(weight)).tocsr()]


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
