"""What goes into the same basket: association rules of one item each side.

Agrawal, Imieliński & Swami, "Mining association rules between sets of items in large databases", SIGMOD 1993; their
confidence, and the lift of Brin et al., "Dynamic itemset counting", SIGMOD 1997.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import column
from recsys.scorers.interactions import weightiest
from recsys.scorers.nearest import nearest
from recsys.scorers.visits import contents, purchases, visits
from recsys.types import MANY, Contribution, Holdout, Path


@dataclass(config=STRICT)
class Association(LinearScorer):
    """operator[j, i] = confidence · lift^lift_power of the rule j → i, of the `k` best rules for each i; times demand.

    confidence = baskets with both / baskets with j; lift = confidence / the share of all baskets that have i. A rule
    needs `support` baskets with both. A basket is what is bought (events of the weightiest kind) without `gap` hours
    between.
    """

    k: PositiveInt = 200
    support: PositiveInt = 2
    lift_power: NonNegativeFloat = 0.5
    gap: PositiveFloat = 1.0
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "association"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "lift_power": Span((0.5, 0.0, 1.0), 0.0, 1.5),
        "support": Span((2, 5), 1, 20, log=True),
        "demand": DEMANDS,
        "k": Span((), 10, 1000, log=True),
        "gap": Span((), 0.25, 720.0, log=True),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state; beside the operator step_, the kind of event; with_ int64 (n_items,), baskets with each."""
        bought = weightiest(graph, self.weighting)
        self.step_ = bought[1] if bought else ""
        owners, items, times = purchases(graph, bought)
        had = contents(visits(owners, times, self.gap), items, graph.n_items)
        self.with_, self.n_baskets_ = np.bincount(had.indices, minlength=graph.n_items), had.shape[0]

        def worth(both: Any, i: Any, j: Any) -> Any:
            confidence = both / self.with_[j]
            lift = confidence * self.n_baskets_ / self.with_[i]
            return np.where((both >= self.support) & (i != j), confidence * lift**self.lift_power, 0)

        self.operator_: csr_array = nearest(had.T.tocsr(), had, self.k, worth).T.tocsr()
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = self.with_ > 0
        return self

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution]:
        """One path per event, through those who had both at once."""
        rows = events.nodes - items.start
        worth = column(self.operator_, rows, item).astype(np.float64)
        alone = (self.with_[item] / max(self.n_baskets_, 1)) ** self.lift_power
        both = np.rint(self.with_[rows] * (worth * alone) ** (1 / (1 + self.lift_power)))  # `worth` of `fit`, undone
        told = np.flatnonzero(worth)
        relations = (f"rev_{self.step_}", self.step_)
        for place, event in zip(told.tolist(), events.some(told), strict=True):
            path = Path((event.node, MANY, items.start + item), relations, int(both[place]))
            yield Contribution(float(events.weights[place] * worth[place]), "path", self.name, event, path)
