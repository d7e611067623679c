"""What customers like this one bought.

Resnick et al., "GroupLens: an open architecture for collaborative filtering of netnews", CSCW 1994, on implicit events:
the cosine of what two customers had, of the k nearest.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT
from recsys.operators import power
from recsys.scorers.interactions import strongest, weightiest
from recsys.scorers.neighbourhood import Favour, Neighbourhood
from recsys.types import Holdout


@dataclass(config=STRICT)
class UserKNN(Neighbourhood):
    """`Neighbourhood` of the other customers: had[n, i] is the latest purchase, halved every `train_half_life` days.

    A purchase is an event of the weightiest kind; what everybody has is less telling, t_i = (customers of i)^−damping.
    """

    k: PositiveInt = 200
    shrinkage: NonNegativeFloat = 0.0
    damping: NonNegativeFloat = 0.0
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "user_knn"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "k": Span((200, 50, 500), 10, 2000, log=True),
        "damping": Span((0.0, 0.25), 0.0, 1.0),
        "train_half_life": half_life(180, None),
        "demand": DEMANDS,
        "shrinkage": Span((), 0.0, 20.0),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        bought = weightiest(graph, self.weighting)
        alone = replace(graph, relations={bought: graph.relations[bought]} if bought else {})
        had = strongest(alone, replace(self.weighting, half_life=self.train_half_life))
        customers = np.bincount(had.indices, minlength=graph.n_items)
        self._remember(graph, bought, had, power(customers, -self.damping))
        return self

    def _favour(self, query: Query) -> Favour:
        return lambda rows, others: query.users[rows] != others
