"""What people buy next: walks from an item through its buyers to what they bought later.

Other item-to-item scorers ask what goes together; here the order counts, which tells a printer's ink from an ink's
printer. Few have bought any one item, so its sequels are drawn to those of its category (empirical Bayes), and the
category tells how much of them is more than chance: what everybody buys follows everything.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array, diags_array, hstack, vstack

from kg.graph import KnowledgeGraph, Relation
from kg.ids import Index
from kg.query import DAY, TIMELESS, Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import Factors, power, scaled
from recsys.scorers.interactions import weightiest
from recsys.scorers.kinds import kinds_of
from recsys.scorers.ways import Entries
from recsys.summands import MANY, Summands
from recsys.types import Holdout

_NOISE = 1e-6  # of 1: what is exactly as expected comes out so near 0
_ROWS, _CELLS = 4096, 1 << 26  # items whose sequels are counted at once, and these times all items: bounds the memory


@dataclass(config=STRICT)
class Sequels(LinearScorer):
    """operator[j, i] = (caused[c, i] · later[j, i] + prior · of_kind[c, i]) / (Σ_i later[j, i] + prior) · damping(i).

    later[j, i] adds up, over everybody's pairs of a day with j and a later day with i (one of the person's next `reach`
    days), 2^(−days between / gap_half_life), and kinds[c, i] that over all items j of c, the node that `relation` leads
    to. caused = 1 − chance · expected / kinds, but ≥ 0, where kinds would be as expected if what is bought later did
    not depend on what was bought (`chance` 1: the attributable fraction of epidemiology); of_kind[c, ·] is the
    distribution of caused · kinds. What follows an item of no kind counts in full, without a prior. damping(i) =
    (Σ_j later[j, i] / mean)^−beta. Each item's score is multiplied by its demand.

    `chance` and `prior` are such that a fusion gains most: it has other scorers for what everybody buys.
    """

    gap_half_life: PositiveFloat = 45
    reach: PositiveInt = 10
    chance: NonNegativeFloat = 2
    prior: NonNegativeFloat = 3
    beta: NonNegativeFloat = 0
    relation: str = "category"
    demand: Demand = Demand()
    weighting: Weighting = Weighting(half_life=90)
    name: str = "sequels"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "demand": DEMANDS,
        "weighting": (Weighting(half_life=90), Weighting(), Weighting(half_life=30)),
        "prior": Span((3.0, 10.0), 0.1, 100.0, log=True),
        "beta": Span((0.0, 0.3, 0.5), 0.0, 1.0),
        "gap_half_life": Span((), 3.0, 365.0, log=True),
        "reach": Span((), 1, 50, log=True),
        "chance": Span((), 0.0, 4.0),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state.

        operator_  its left factor holds what follows each item itself, then how far it takes over from its kinds; its
                   right one how much an item is damped, then what follows each kind
        step_      the kind of event that is followed; kind_start_: the place of the first kind among the nodes
        """
        bought = weightiest(graph, self.weighting)
        self.step_ = bought[1] if bought else ""
        kinds, self.kind_start_ = kinds_of(graph, self.relation)
        before_after = before_and_after(graph, bought, self.gap_half_life, self.reach)
        total, reached = np.zeros(graph.n_items), np.zeros(graph.n_items)
        of_kind: Any = csr_array((kinds.shape[1], graph.n_items), dtype=np.float32)
        for rows, later in _later(*before_after):
            total[rows] = later.sum(axis=1)
            reached += later.sum(axis=0)
            of_kind = of_kind + kinds[rows].T @ later
        caused = _beyond_chance(of_kind.tocsr(), self.chance)
        of_kind = of_kind.multiply(caused).tocsr()
        share = power(total + self.prior, -1)
        own = [
            scaled(_attributed(later, kinds[rows], caused), rows=share[rows]) for rows, later in _later(*before_after)
        ]
        mean = reached[reached > 0].mean() if reached.any() else 1.0
        wanted = power(reached / mean, -self.beta)
        left = [vstack(own, format="csr"), scaled(kinds, rows=self.prior * share)]
        right = [diags_array(wanted), scaled(of_kind, rows=power(of_kind.sum(axis=1), -1), columns=wanted).T]
        self.operator_ = Factors(hstack(left, format="csr"), hstack(right, format="csr").astype(np.float32))
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = reached > 0
        return self

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """Per event one path through the item's own buyers, and one for each of its kinds."""
        assert isinstance(self.operator_, Factors)
        factors, touched = self.operator_, events.touched
        left = events.once("left", lambda: Entries.of(factors.left, touched - items.start))
        rows, columns, worth = left.one_by_one(factors.side(item).astype(np.float64), range(len(touched)))
        buyers, of_kind = (f"rev_{self.step_}", self.step_), (self.relation, f"rev_{self.relation}")
        for by_kind in (False, True):
            mine = np.flatnonzero((columns >= len(items)) == by_kind)
            n = len(mine)
            kinds = [self.kind_start_ + columns[mine] - len(items), np.full(n, MANY)] if by_kind else []
            nodes = np.stack([touched[rows[mine]], *kinds, np.full(n, MANY), np.full(n, items.start + item)], axis=1)
            relations = (*of_kind, *buyers) if by_kind else buyers
            yield events.summands(self.name, "path", rows[mine], worth[mine], nodes, relations)


def _later(before: csr_array, after: csr_array) -> Iterator[tuple[slice, csr_array]]:
    """`later` of `Sequels`, some rows at a time, its diagonal empty: whole it may be far larger than what is kept."""
    n_items = before.shape[0]
    size = max(1, min(_ROWS, _CELLS // max(n_items, 1)))
    for start in range(0, n_items, size):
        rows = slice(start, min(start + size, n_items))
        later = (before[rows] @ after).tocsr()
        later.data[later.indices == np.repeat(np.arange(rows.start, rows.stop), np.diff(later.indptr))] = 0
        later.eliminate_zeros()
        yield rows, later


def before_and_after(
    graph: KnowledgeGraph, bought: Relation | None, half_life: float, reach: int
) -> tuple[csr_array, csr_array]:
    """Factors of `later` by way of baskets, csr float32 (n_items, baskets) and back; empty where nothing has a time."""
    n_items = graph.n_items
    nothing: Any = csr_array((n_items, 0), dtype=np.float32)
    if bought is None:
        return nothing, nothing.T.tocsr()
    edges = graph.relations[bought]
    dated = (edges.time != TIMELESS) & (edges.weight > 0)
    if not dated.any():
        return nothing, nothing.T.tocsr()
    owners, items, days = edges.sources[dated], edges.indices[dated], edges.time[dated] // DAY
    n_days = int(days.max()) + 1
    key, basket = np.unique(owners.astype(np.int64) * n_days + days, return_inverse=True)
    owner, day = np.divmod(key, n_days)
    baskets = csr_array((np.ones(len(basket), np.float32), (basket, items)), (len(key), n_items))
    baskets.data[:] = 1  # several of one item are one
    return baskets.T.tocsr(), (_follows(owner, day, half_life, reach) @ baskets).tocsr()


def _follows(owner: Index, day: Index, half_life: float, reach: int) -> csr_array:
    """How closely one basket follows another of the same owner, csr float32 (baskets, baskets); both in order."""
    pairs = [np.empty((2, 0), dtype=np.int64)]
    for lag in range(1, min(reach, len(owner) - 1) + 1):
        first = np.flatnonzero(owner[:-lag] == owner[lag:])
        pairs.append(np.stack([first, first + lag]))
    first, second = np.concatenate(pairs, axis=1)
    closeness = np.exp2(-(day[second] - day[first]) / half_life).astype(np.float32)
    return csr_array((closeness, (first, second)), (len(owner), len(owner)))


def _beyond_chance(of_kind: csr_array, chance: float) -> csr_array:
    """`caused` of `Sequels`: csr float32 of the shape of `of_kind`, in 0 … 1 where that has an entry."""
    usual = np.asarray(of_kind.sum(axis=0), dtype=np.float64) / max(float(of_kind.sum()), 1e-12)
    expected = np.repeat(np.asarray(of_kind.sum(axis=1)), np.diff(of_kind.indptr)) * usual[of_kind.indices]
    caused = (1 - chance * expected / of_kind.data).astype(np.float32)
    caused[caused < _NOISE] = 0
    return csr_array((caused, of_kind.indices, of_kind.indptr), of_kind.shape)


def _attributed(later: csr_array, kinds: csr_array, caused: csr_array) -> csr_array:
    """Every entry of `later` times the share that its row's kinds say is caused; rows without a kind in full."""
    entries = later.tocoo()
    of = kinds[entries.row].tocoo()
    present = np.unique(kinds.indices)
    places = np.searchsorted(present, of.col)
    shares = caused[present].toarray()[places, entries.col[of.row]]  # looking entries up in a sparse one is far slower
    share = np.bincount(of.row, of.data * shares, minlength=later.nnz)
    share[np.diff(kinds.indptr)[entries.row] == 0] = 1
    return csr_array(((entries.data * share).astype(np.float32), later.indices, later.indptr), later.shape)
