"""The fewest of her own doings without which an item would not be in a person's list.

The candidates stay the same: an item that is left out because she owns it does not come back when its event is taken
away. So an answer says what the score owes to an event, not what a filter does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.errors import RecsysError
from recsys.explanation.whatif import ranks, scored, without_each
from recsys.ranking import Mask
from recsys.types import Explains, Scorer, Scores

Nodes = tuple[int, ...]
_BEAM = 8  # sets kept from one size to the next where the search cannot be exact
_AT_ONCE = 1 << 22  # sets × items compared in one go: bounds the memory
_BUDGET = 1 << 28  # sets × items looked at before an exact search narrows to the strongest nodes


@dataclass(frozen=True)
class Counterfactual:
    """A set of the user's own doings that, taken away, takes the item out of the first `k`.

    nodes        what they touch, in the one numbering; every event on these nodes is taken away
    rank, after  the item's place among the candidates with and without them, both from scoring
    smallest     whether no smaller set does it; False: the best that was found
    """

    item: int
    k: int
    nodes: Nodes
    rank: int
    after: int
    smallest: bool


def counterfactual(
    scorer: Scorer, query: Query, row: int, item: int, k: int, *, allowed: Mask | None = None, largest: int = 3
) -> Counterfactual | None:
    """The smallest set of at most `largest` nodes of the user's events without which `item` leaves the first `k`.

    `item` counts within the items; `allowed` bool (n_items,) are the candidates. None: no such set was found. An answer
    is verified by scoring the query without it. Raises RecsysError where the item is not among the first `k`.
    """
    search = _Search(scorer, query.alone(row), item, k, allowed)
    rank = int(ranks(search.scores, item)[0])
    if rank > k or not np.isfinite(search.scores[0, item]):
        raise RecsysError("the item is not in the list", value=rank, fix="Ask `why_not` instead.")
    additive = isinstance(scorer, Explains) and scorer.additive
    for nodes, smallest in search.exact(largest) if additive else search.beam(largest):
        after = int(ranks(search.without([nodes]), item)[0])
        if after > k:
            return Counterfactual(item, k, nodes, rank, after, smallest)
    return None


@dataclass(frozen=True, eq=False)
class _Search:
    scorer: Scorer
    query: Query
    item: int
    k: int
    allowed: Mask | None

    @cached_property
    def scores(self) -> Scores:
        return scored(self.scorer, self.query, self.allowed)

    @cached_property
    def nodes(self) -> list[int]:
        return np.unique(self.query.nodes).tolist()

    def without(self, sets: list[Nodes]) -> Scores:
        return scored(self.scorer, without_each(self.query, sets), self.allowed)

    def exact(self, largest: int) -> Iterator[tuple[Nodes, bool]]:
        """Sets by size that must work since contributions add up; of one size, what throws the item lowest first.

        With d_g(j) = c_g(item) − c_g(j), c the contribution of node g, item j overtakes without the set S when
        Σ_{g ∈ S} d_g(j) exceeds the item's lead over j.
        """
        lead, lost = self._leads()
        smallest = True
        for size in range(1, largest + 1):
            most = np.sort(lost.clip(min=0), axis=0)[-size:].sum(axis=0)
            rivals = np.flatnonzero(most > lead)
            if len(rivals) < self.k:
                continue
            useful = np.flatnonzero((lost[:, rivals] > 0).any(axis=1))
            strongest = useful[np.argsort(-lost[useful][:, rivals].sum(axis=1), kind="stable")]
            while comb(len(strongest), size) * len(rivals) > _BUDGET:
                strongest, smallest = strongest[: len(strongest) * 3 // 4], False
            sets, beaten = _overtaken(lost[:, rivals], lead[rivals], strongest, size)
            for place in np.argsort(-beaten, kind="stable")[: np.count_nonzero(beaten >= self.k)]:
                yield tuple(self.nodes[node] for node in sets[place]), smallest
        if len(self.nodes) <= largest:  # without any event she is told what newcomers are: no sum says that before
            yield tuple(self.nodes), smallest

    def _leads(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The item's lead over every candidate (J,), and what of it each node's removal costs (nodes, J)."""
        candidates = np.flatnonzero(np.isfinite(self.scores[0]))
        candidates = candidates[candidates != self.item]
        alone = self.without([(node,) for node in self.nodes]).astype(np.float64)
        full = self.scores[0].astype(np.float64)
        lead = full[self.item] - full[candidates]
        return lead, lead - (alone[:, [self.item]] - alone[:, candidates])

    def beam(self, largest: int) -> Iterator[tuple[Nodes, bool]]:
        """Every single node, then the lowest few sets grown by one: scored afresh, without a promise beyond one."""
        kept: list[Nodes] = [()]
        for size in range(1, largest + 1):
            grown = {tuple(sorted({*nodes, node})) for nodes in kept for node in self.nodes if node not in nodes}
            sets = sorted(grown)
            scores = self.without(sets)
            places = ranks(scores, self.item)
            order = np.lexsort((scores[:, self.item], -places))
            kept = [sets[place] for place in order[:_BEAM]]
            yield from ((sets[place], size == 1) for place in order if places[place] > self.k)


def _overtaken(
    lost: NDArray[np.float64], lead: NDArray[np.float64], nodes: NDArray[np.int64], size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All sets of `size` nodes (S, size) and how many candidates overtake without each (S,)."""
    every = combinations(nodes.tolist(), size)
    sets: list[NDArray[np.int64]] = [np.empty((0, size), np.int64)]
    beaten: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
    while block := list(islice(every, max(1, _AT_ONCE // max(len(lead), 1)))):
        sets.append(np.array(block, dtype=np.int64))
        beaten.append(np.count_nonzero(lost[sets[-1]].sum(axis=1) > lead, axis=1))
    return np.concatenate(sets), np.concatenate(beaten)
