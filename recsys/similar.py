"""What could be bought instead of an item (alternatives) and what goes with it (complements).

A complement lies in the same baskets more often than chance, or is bought later because of the item: where the scorer
`sequels` was fitted, that is the share of what buyers took later which it ascribes to the item, of kinds of things that
surely follow the item's kind (`following`). An alternative is for the same use, wanted by the same
people, and not a complement: people who take two of a kind home at once make them complements here, rightly or not.

Where the graph holds rules between items (`relations` under [derive]), complements are those of the rules, and what
replaces the item by a rule is an alternative at least as close as the rule is confident.

Without rules, a basket is what one user bought with less than `gap_hours` between one event and the next: the graph
keeps times, not sessions. Where a log has no times, all a user ever bought is one basket, and a complement only means
"bought by the same people".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Weighting
from recsys.following import following
from recsys.linear import LinearScorer
from recsys.operators import apply, power, scaled
from recsys.ranking import top
from recsys.scorers.kinds import kinds_of
from recsys.scorers.sequels import Sequels

if TYPE_CHECKING:
    import pandas as pd

_COMPLEMENTS, _SUBSTITUTES = ("bought_together", "then_bought"), ("substitute",)
Strengths = NDArray[np.float64]
_HOUR = 3600
_CERTAIN = 2.58  # standard errors of log lift: 99 % two-sided
_FEWEST_BASKETS = 5  # of fewer the lift says nothing


@dataclass(frozen=True, eq=False)
class Similar:
    """Alternatives and complements from a graph and, where given, a fitted linear scorer's operator.

    sequels    fitted on the graph; without it complements are those of the same baskets
    gap_hours  hours without an event that end a basket
    """

    graph: KnowledgeGraph
    scorer: LinearScorer | None = None
    sequels: Sequels | None = None
    gap_hours: float = 3.0

    def frame(self, item_id: str, n: int = 10) -> pd.DataFrame:
        """At most `n` of each kind: columns item_id, rank, title, score, kind ("alternative" or "complement").

        The score of a complement is the share of the item's baskets that hold it, at least, or of what is bought later
        because of the item (`later`), whichever is more; or the confidence of a rule. Of an alternative it is its
        closeness in 0 … 1 (`closeness`), or the confidence of a rule where that is more. Raises KgError for an item
        that is not in the graph.
        """
        import pandas as pd

        items = self.graph.nodes[ITEM]
        item = self.graph.node(ITEM, item_id) - items.start
        complements, substitutes = self._rules(item, *_COMPLEMENTS), self._rules(item, *_SUBSTITUTES)
        if complements is None:
            lifts = self.lifts(item)
            complements = np.maximum(np.where(lifts > 1, lifts * self._shares, 0), self.later(item))
        close = self.closeness(item)
        alternatives = close if substitutes is None else np.maximum(close, substitutes)
        kinds = {"alternative": np.where(complements > 0, 0, alternatives), "complement": complements}
        frames = []
        for kind, strengths in kinds.items():
            best = top(strengths[None, :], n)[0]
            best = best[strengths[best] > 0]
            told = {"item_id": items.ids.to_ids(best), "rank": np.arange(1, len(best) + 1), "title": items.labels[best]}
            frames.append(pd.DataFrame({**told, "score": strengths[best], "kind": kind}))
        return pd.concat(frames, ignore_index=True)

    def _rules(self, item: int, *names: str) -> Strengths | None:
        """The largest confidence of the rules of these names from an item, float64 (n_items,); None: there are none."""
        relations = [(ITEM, name, ITEM) for name in names if (ITEM, name, ITEM) in self.graph.relations]
        if not relations:
            return None
        rows = (self.graph.matrix(relation)[[item]].toarray()[0] for relation in relations)
        return np.maximum.reduce([row.astype(np.float64) for row in rows])

    def lifts(self, item: int) -> Strengths:
        """How many times more often than by chance items share a basket with `item`, at least: float64 (n_items,).

        The lower end of the interval of the lift n_ab · N / (n_a · n_b), whose logarithm has the standard error
        1 / √n_ab (counts of rare pairs are Poisson). Above 1: surely more often than by chance. 0 for the item itself
        and for pairs in fewer than `_FEWEST_BASKETS` baskets.
        """
        with_item = self._baskets[:, [item]]
        together = (self._baskets.T @ with_item).toarray()[:, 0].astype(np.float64)
        together[item] = 0
        enough = together >= _FEWEST_BASKETS
        each = self._baskets.sum(axis=0, dtype=np.float64)
        lifts = np.zeros(len(each))
        n = together[enough]
        lifts[enough] = n * self._baskets.shape[0] / (each[enough] * each[item]) * np.exp(-_CERTAIN / np.sqrt(n))
        return lifts

    def later(self, item: int) -> Strengths:
        """The shares of what the item's buyers took later that are ascribed to it: float64 (n_items,).

        0 for kinds of things that do not surely follow the item's, for what is bought as often anyway, and for all
        where `sequels` was not fitted.
        """
        if self.sequels is None:
            return np.zeros(self.graph.n_items)
        kinds, follows = self._following
        asked = (kinds[[item]] @ follows @ kinds.T).toarray()[0] > 0
        shares = self._row(self.sequels, item)
        usual = self._shares / (self._shares.sum() or 1.0)
        return np.where(asked & (shares > usual), shares, 0.0)

    def closeness(self, item: int) -> Strengths:
        """How near items are to `item` in use and in whom they attract: float64 (n_items,) in 0 … 1, 0 for itself.

        The geometric mean of two cosines: of the attributes (rare ones count more) and of the customers, or in the
        second's place the operator's row, scaled to 1. Where the item has no attribute, the second alone.
        """
        people = self._people(item) if self.scorer is None else self._learned(self.scorer, item)
        people[item] = 0
        use = np.asarray((self._attributes @ self._attributes[[item]].T).toarray()[:, 0], dtype=np.float64)
        if not use.any():
            return people
        return np.sqrt(use.clip(0, 1) * people)

    def _people(self, item: int) -> Strengths:
        strengths = (self._customers @ self._customers[[item]].T).toarray()[:, 0].astype(np.float64)
        return strengths.clip(0, 1)

    def _learned(self, scorer: LinearScorer, item: int) -> Strengths:
        strengths = self._row(scorer, item)
        strengths[item] = 0
        return strengths / (strengths.max() or 1.0)

    def _row(self, scorer: LinearScorer, item: int) -> Strengths:
        """What the operator says of every item for this one, ≥ 0."""
        n_rows = self.graph.n_nodes if scorer.reads_all_nodes else self.graph.n_items
        place = item + (self.graph.nodes[ITEM].start if scorer.reads_all_nodes else 0)
        one = csr_array(([np.float32(1)], ([0], [place])), (1, n_rows))
        return np.asarray(np.nan_to_num(apply(one, scorer.operator_)[0].astype(np.float64)).clip(min=0))

    @cached_property
    def _following(self) -> tuple[csr_array[np.float32], csr_array[np.float32]]:
        """Items by their kinds, and which kind follows which."""
        assert self.sequels is not None
        kinds, _ = kinds_of(self.graph, self.sequels.relation)
        return kinds, following(self.graph, kinds, self.sequels.reach).astype(np.float32)

    @cached_property
    def _shares(self) -> Strengths:
        """The share of all baskets that hold each item, float64 (n_items,)."""
        return np.asarray(self._baskets.sum(axis=0, dtype=np.float64) / self._baskets.shape[0])

    @cached_property
    def _baskets(self) -> csr_array[np.float32]:
        """Which items lie in which basket, csr of ones (n_baskets, n_items)."""
        edges = self.graph.relations[self.graph.find(self.graph.event_kind, USER)]
        users, order = edges.sources, np.lexsort((edges.time, edges.sources))
        user, time = users[order], edges.time[order].astype(np.int64)
        begins = (np.diff(user, prepend=-1) != 0) | (np.diff(time, prepend=0) > self.gap_hours * _HOUR)
        basket = np.cumsum(begins) - 1
        shape = (int(begins.sum()), self.graph.n_items)
        baskets = csr_array((np.ones(len(order), np.float32), (basket, edges.indices[order])), shape)
        baskets.sum_duplicates()
        baskets.data[:] = 1
        return baskets

    @cached_property
    def _customers(self) -> csr_array[np.float32]:
        """Items by the users who had an event with them, rows of length 1."""
        return _unit_rows(self.graph.interactions(Weighting()).T.tocsr().sign())

    @cached_property
    def _attributes(self) -> csr_array[np.float32]:
        """Items by everything known about them, weighed by how rare it is, rows of length 1."""
        facts = [name for name in self.graph.relations if name[0] == ITEM and name[2] not in (ITEM, USER)]
        empty = csr_array((self.graph.n_items, 0), dtype=np.float32)
        has = hstack([empty, *(self.graph.matrix(name).sign() for name in facts)], format="csr")
        rarity = np.log1p(self.graph.n_items / np.maximum(has.sum(axis=0), 1))
        return _unit_rows(scaled(has, columns=rarity)) if has.shape[1] else has


def _unit_rows(matrix: csr_array[np.float32]) -> csr_array[np.float32]:
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)))
    return scaled(matrix, rows=power(lengths, -1))
