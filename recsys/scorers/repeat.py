"""What a person buys again: her own frequency of an item, times the demand for it now."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Diagonal
from recsys.scorers.demand import DEMANDS, Demand
from recsys.types import Contribution, Event, Holdout, Path


@dataclass(config=STRICT)
class Repeat(LinearScorer):
    """score(i) = demand(i) · Σ over the user's own events of item i: weight of the event.

    A half-life in `weighting` turns the frequency into frequency × recency. Hu et al., "Modeling personalized item
    frequency information for next-basket recommendation", SIGIR 2020, is the same idea with groups of baskets.
    """

    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "repeat"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "weighting": (Weighting(), Weighting(half_life=60), Weighting(half_life=14)),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        self.operator_ = Diagonal(self.demand.of_items(graph, self.weighting.kinds))
        self.opinion_ = np.ones(graph.n_items, dtype=bool)
        return self

    def contribution(self, value: float, event: Event, item: int) -> Contribution:
        """The event's own edge leads to the item: a path of no further step."""
        return Contribution(value, "path", self.name, event, Path((item,)))
