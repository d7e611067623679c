"""Three random steps from a person: to an item she had, to another who had it, to what else that one had.

Cooper et al., "Random walks in recommender systems: exact computation and simulations", WWW 2014.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT
from recsys.scorers.metapaths import to_customers_and_back, transitions
from recsys.scorers.walking import Walking
from recsys.types import Holdout


@dataclass(config=STRICT)
class P3Alpha(Walking):
    """operator[j, i] = Σ over users v: (x_vj / Σ_w x_wj)^alpha · (x_vi / Σ_h x_vh)^alpha; times demand.

    x holds each pair's latest event of the weightiest kind, halved every `train_half_life` days.
    """

    alpha: PositiveFloat = 1.0
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "p3_alpha"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, None),
        "alpha": Span((1.0, 1.3, 1.6), 0.3, 3.0),
        "demand": DEMANDS,
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self._fit(graph, beta=0.0)

    def _fit(self, graph: KnowledgeGraph, beta: float) -> Self:
        lasting = replace(self.weighting, half_life=self.train_half_life)
        path = to_customers_and_back(graph, self.weighting)
        self._walk(graph, {str(path): transitions(graph, path, lasting, beta, self.alpha)} if path else {})
        self.opinion_ = self._reached()
        return self
