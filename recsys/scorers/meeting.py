"""The walks in a linear graph network: where those from a node of the query and those from an item meet.

With e = P e⁰ and P a sum of products of layers, e_n · e_i = Σ over m, m': P[n, m] P[i, m'] (e⁰_m · e⁰_m'). The terms
with m = m' are walks along edges of the graph, from n to m and on to i; the others tie two ends that no edge joins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import Weighting
from recsys.deadline import NEVER, Deadline
from recsys.operators import row
from recsys.scorers.bridges import EVENTS
from recsys.scorers.interactions import weightiest
from recsys.scorers.metapaths import turned
from recsys.scorers.ways import Entries
from recsys.types import MANY

MOST_STEPS = 2  # in all: longer walks are very many, and worth very little
Floats = NDArray[np.float64]
Nodes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Step:
    """A relation walked one way: `matrix` csr (n_source, n_target), `weights` (n_layers,) of the layers."""

    source: str
    name: str
    target: str
    matrix: csr_array[np.float32]
    weights: Sequence[float]


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
class Walk:
    """Walks along the same relations to an item, w of them or of their sums; what is added up passes `MANY`.

    rows  int64 (w,): where each starts in the nodes asked about; worth float64 (w,); nodes int64 (w, steps + 1)
    """

    relations: tuple[str, ...]
    rows: Nodes
    worth: Floats
    nodes: Nodes
    counts: Nodes


@dataclass(frozen=True, eq=False)
class Meetings:
    """The walks from some `nodes` (n,) in a fitted network, kept for one item after the other.

    `squares` (n_nodes,) are ‖e⁰‖², 0 of users; `types` the range of every node type; `known` what `_worth` found.
    """

    steps: Sequence[Step]
    squares: NDArray[np.float32]
    types: Mapping[str, range]
    n_layers: int
    nodes: Nodes
    deadline: Deadline = NEVER
    known: dict[Chain, list[float]] = field(default_factory=dict)

    def walks(self, item: int) -> Iterator[Walk]:
        """All walks to an item of at most `MOST_STEPS`, those along the same relations added up by where they start.

        Those over a single fact (item → brand → item) are told one by one; those that there is no time for, not at all.
        """
        goal = self.types[ITEM].start + item
        itself = np.flatnonzero(self.nodes == goal)
        if len(itself):
            worth = np.full(len(itself), self._worth(())[0] * float(self.squares[goal]))
            yield self._walk((), itself, worth, [], goal, np.ones(len(itself), np.int64))
        for first, mine, entries in self._begun:
            if not self.deadline.allows(len(entries)):
                continue
            if first.target == ITEM:
                side = np.eye(1, len(self.types[ITEM]), item)[0]
                rows, _, values = entries.one_by_one(side, range(len(mine)))
                worth = values * self._at_ends((first,), mine[rows], goal)
                yield self._walk((first,), mine[rows], worth, [], goal, np.ones(len(rows), np.int64))
            for last in self._to_items.get(first.target, ()):
                yield self._over_one((first, last), mine, entries, row(last.matrix, item).astype(np.float64), goal)

    def _over_one(self, chain: Chain, mine: Nodes, entries: Entries, side: Floats, goal: int) -> Walk:
        """The walks of two steps; `side` (n_between,) says how the last one reaches the item."""
        between, middle = self.types[chain[0].target], self._worth(chain)[1]
        if chain[0].target not in (USER, ITEM):
            rows, passed, values = entries.one_by_one(side, range(len(mine)))
            passed = passed + between.start
            worth = values * (self._at_ends(chain, mine[rows], goal) + middle * self.squares[passed])
            return self._walk(chain, mine[rows], worth, [passed], goal, np.ones(len(rows), np.int64))
        values, counts = entries.added_up(side)
        worth = values * self._at_ends(chain, mine, goal)
        if chain[0].target == ITEM:
            worth += middle * entries.added_up(side * self.squares[between.start : between.stop])[0]
        some = np.flatnonzero(counts)
        rows = mine[some]
        return self._walk(chain, rows, worth[some], [np.full(len(rows), MANY)], goal, counts[some])

    def _walk(self, chain: Chain, rows: Nodes, worth: Floats, between: list[Nodes], goal: int, counts: Nodes) -> Walk:
        end = [np.full(len(rows), goal)] if chain else []
        nodes = np.stack([self.nodes[rows], *between, *end], axis=1)
        return Walk(tuple(step.name for step in chain), rows, worth, nodes, counts)

    def _at_ends(self, chain: Chain, rows: Nodes, goal: int) -> Floats:
        """What walks from `rows` are worth, times their steps, where the two sides meet at either end."""
        worth = self._worth(chain)
        at_item = worth[-1] * float(self.squares[goal])
        return worth[0] * self.squares[self.nodes[rows]].astype(np.float64) + at_item

    @cached_property
    def _begun(self) -> list[tuple[Step, Nodes, Entries]]:
        """Every first step that leaves any of the nodes, which of them may take it, and their entries."""
        found = []
        for step in self.steps:
            numbers = self.types[step.source]
            mine = np.flatnonzero((self.nodes >= numbers.start) & (self.nodes < numbers.stop))
            if len(mine) and self.n_layers:
                local, indptr = self.nodes[mine] - numbers.start, step.matrix.indptr
                if not self.deadline.allows(int((indptr[local + 1] - indptr[local]).sum())):
                    continue
                entries = Entries.of(step.matrix, local)
                found += [(step, mine, entries)] if len(entries) else []
        return found

    @cached_property
    def _to_items(self) -> dict[str, list[Step]]:
        """By node type the steps from there to items, each with its matrix turned round: rows are items."""
        steps = {(step.source, step.name, step.target): step for step in self.steps}
        found: dict[str, list[Step]] = {}
        for step in self.steps:
            if step.target == ITEM:
                back = steps[turned((step.source, step.name, step.target))]
                found.setdefault(step.source, []).append(replace(step, matrix=back.matrix))
        return found

    def _worth(self, chain: Chain) -> list[float]:
        """The weights of a chain's steps by the place among its nodes where the sides meet; 0 where one is too long.

        The step next to the meeting is one of the first layer, the next one of the second.
        """
        if chain not in self.known:
            n, found = len(chain), []
            for place in range(n + 1):
                layers = [place - 1 - j if j < place else j - place for j in range(n)]
                told = max(place, n - place) <= self.n_layers
                weights = [step.weights[layer] for step, layer in zip(chain, layers, strict=True)] if told else [0.0]
                found.append(prod(weights) / (self.n_layers + 1) ** 2)
            self.known[chain] = found
        return self.known[chain]
