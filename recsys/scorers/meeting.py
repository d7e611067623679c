"""The walks in a linear graph network: where those from a node of the query and those from an item meet.

With e = P e⁰ and P a sum of products of layers, e_n · e_i = Σ over m, m': P[n, m] P[i, m'] (e⁰_m · e⁰_m'). The terms
with m = m' are walks along edges of the graph, from n to m and on to i; the others tie two ends that no edge joins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import Weighting
from recsys.scorers.bridges import EVENTS
from recsys.scorers.interactions import weightiest
from recsys.scorers.ways import half, joined
from recsys.types import MANY, Path

MOST_STEPS = 2  # from either side: longer walks are too many to be told
Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]
Way = tuple[int, Path, float]
"""Where it starts in the nodes asked about, the path, and what it is worth."""


@dataclass(frozen=True, eq=False)
class Step:
    """A relation walked one way: `matrix` csr (n_source, n_target), `weights` (n_layers,) of the layers."""

    source: str
    name: str
    target: str
    matrix: csr_array[np.float32]
    weights: Sequence[float]

    @cached_property
    def ones(self) -> csr_array:
        """The edges alone, by which walks are counted."""
        return csr_array((np.ones(self.matrix.nnz), self.matrix.indices, self.matrix.indptr), self.matrix.shape)

    @cached_property
    def turned(self) -> csr_array:
        """The matrix by its targets: csr (n_target, n_source)."""
        return self.matrix.T.tocsr()


Chain = tuple[Step, ...]


def walkable(
    graph: KnowledgeGraph, weighting: Weighting, bridges: Mapping[Relation, csr_array]
) -> list[tuple[Relation, csr_array, int]]:
    """The relations of `bridges` as steps of the graph, both ways, each with its place among them.

    Of the events those pairs that have one of the weightiest kind, under its name.
    """
    bought = weightiest(graph, weighting)
    found = []
    for place, (name, part) in enumerate(bridges.items()):
        if name == EVENTS and bought is not None:
            part = part.multiply(graph.matrix(bought).sign()).tocsr()
            name = bought
        if name != EVENTS:
            source, relation, target = name
            found += [(name, part, place), ((target, f"rev_{relation}", source), part.T.tocsr(), place)]
    return found


@dataclass(frozen=True, eq=False)
class _Front:
    """A chain of steps that ends at the item, seen from the nodes it begins at.

    reached  what the item's side brings them, unless it is longer than `MOST_STEPS`; walks their number
    met      by the number of steps since the meeting, what that is worth here
    """

    chain: Chain
    reached: Floats | None
    walks: Floats
    met: Mapping[int, Floats]


@dataclass(frozen=True, eq=False)
class Meetings:
    """The steps of a fitted network; `squares` (n_nodes,) are ‖e⁰‖², `types` the range of every node type."""

    steps: Sequence[Step]
    squares: Floats
    types: Mapping[str, range]
    n_layers: int

    def ways(self, nodes: Nodes, item: int) -> Iterator[Way]:
        """The walks from `nodes` to an item, those along the same relations added up, what they pass being `MANY`.

        A single fact on the way (item → brand → item) is told by itself.
        """
        for front in self._fronts(item):
            node_type = front.chain[0].source if front.chain else ITEM
            numbers = self.types[node_type]
            mine = np.flatnonzero((nodes >= numbers.start) & (nodes < numbers.stop))
            local = nodes[mine] - numbers.start
            values = sum(front.met.values(), np.zeros(len(numbers)))[local]
            if not values.any():
                continue
            if len(front.chain) == 2 and front.chain[0].target not in (USER, ITEM):
                yield from ((int(mine[row]), path, value) for row, path, value in self._facts(front.chain, local, item))
                continue
            relations = tuple(step.name for step in front.chain)
            between = (MANY,) * (len(relations) - 1)
            end = (self.types[ITEM].start + item,) if relations else ()
            for row in np.flatnonzero(values).tolist():
                path = Path((int(nodes[mine[row]]), *between, *end), relations, int(front.walks[local[row]]))
                yield int(mine[row]), path, float(values[row])

    def _facts(self, chain: Chain, local: Nodes, item: int) -> Iterator[Way]:
        first, second = chain
        starts = [self.types[name].start for name in (first.source, first.target, ITEM)]
        ups, downs = half([first.matrix], local), half([second.turned], np.array([item]))
        rows, passed, values, _ = joined(ups, downs, most=len(ups[0]) * len(downs[0]))
        passed = passed + np.array(starts)
        values = values * sum(self._worth(chain, place) * self.squares[passed[:, place]] for place in range(3))
        for row, way, value in zip(rows.tolist(), passed.tolist(), values.tolist(), strict=True):
            yield row, Path(tuple(way), (first.name, second.name)), value

    def _fronts(self, item: int) -> Iterator[_Front]:
        """Every chain of steps to the item that some walk takes, with what it is worth, the shorter ones first."""
        start = np.zeros(len(self.types[ITEM]))
        start[item] = 1
        fronts = [self._front((), start, start, {})]
        while fronts:
            yield from fronts
            fronts = [grown for front in fronts for grown in self._grown(front)]

    def _grown(self, front: _Front) -> Iterator[_Front]:
        """One step further from the item."""
        at = front.chain[0].source if front.chain else ITEM
        for step in self.steps:
            if step.target != at:
                continue
            met = {
                since + 1: step.weights[since] * _heard(step.matrix, worth)
                for since, worth in front.met.items()
                if since < self._most
            }
            reached = None
            if front.reached is not None and len(front.chain) < self._most:
                reached = _heard(step.matrix, front.reached)
            if met or reached is not None:
                grown = self._front((step, *front.chain), reached, _heard(step.ones, front.walks), met)
                if grown.walks.any():
                    yield grown

    def _front(self, chain: Chain, reached: Floats | None, walks: Floats, met: dict[int, Floats]) -> _Front:
        node_type = chain[0].source if chain else ITEM
        if reached is not None and node_type != USER:  # users have no e⁰
            numbers = self.types[node_type]
            scale = self._worth(chain, 0)
            met = {**met, 0: scale * self.squares[numbers.start : numbers.stop] * reached}
        return _Front(chain, reached, walks, met)

    def _worth(self, chain: Chain, place: int) -> float:
        """The weights of a chain's steps where the two sides meet at its node `place`; 0 where one is too long.

        The step next to the meeting is one of the first layer, the next one of the second.
        """
        if max(place, len(chain) - place) > self._most:
            return 0.0
        layers = [place - 1 - j if j < place else j - place for j in range(len(chain))]
        weights = [step.weights[layer] for step, layer in zip(chain, layers, strict=True)]
        return float(np.prod(weights)) / (self.n_layers + 1) ** 2

    @property
    def _most(self) -> int:
        return min(MOST_STEPS, self.n_layers)


def _heard(matrix: csr_array, values: Floats) -> Floats:
    return np.asarray(matrix @ values, dtype=np.float64)
