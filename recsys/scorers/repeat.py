"""What a person buys again: her own frequency of an item, times how readily it is bought again, times demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import FADING, Span
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Diagonal
from recsys.types import Contribution, Event, Holdout, Path

_PRIOR_BUYERS = 10  # of average behaviour, added to each item's own: one buyer who came back proves little


@dataclass(config=STRICT)
class Repeat(LinearScorer):
    """score(i) = Σ over the user's own events of item i: weight of the event · rebuy(i)^rebuy_power · demand(i).

    A half-life in `weighting` turns the frequency into frequency × recency. Hu et al., "Modeling personalized item
    frequency information for next-basket recommendation", SIGIR 2020, is the same idea with groups of baskets.
    """

    rebuy_power: NonNegativeFloat = 0.5
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "repeat"

    TUNED_WITH_REPEATS: ClassVar[bool] = True
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "demand": DEMANDS,
        "weighting": FADING,
        "rebuy_power": Span((0.5, 0.0), 0.0, 2.0),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        again = rebuy(graph.interactions(replace(self.weighting, half_life=None))) ** self.rebuy_power
        self.operator_ = Diagonal(again.astype(np.float32))
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = np.ones(graph.n_items, dtype=bool)
        return self

    def contribution(self, value: float, event: Event, item: int) -> Contribution:
        """The event's own edge leads to the item: a path of no further step."""
        return Contribution(value, "path", self.name, event, Path((item,)))


def rebuy(interactions: csr_array) -> NDArray[np.float64]:
    """The share of an item's buyers who came back for it, drawn to the average of all items: float64 (n_items,)."""
    n_items = interactions.shape[1]
    buyers = np.bincount(interactions.indices[interactions.data > 0], minlength=n_items)
    back = np.bincount(interactions.indices[interactions.data > 1], minlength=n_items)
    average = back.sum() / max(buyers.sum(), 1)
    return (back + _PRIOR_BUYERS * average) / (buyers + _PRIOR_BUYERS) if average else np.ones(n_items)
