"""EASE that learns from what items are as well as from who had them: so it knows new items, by closed form.

Jeunen, Van Balen & Goethals, "Closed-form models for collaborative filtering with side-information", RecSys 2020
(CEASE): attributes stand below the users as if they were more of them. Aligning the two is what MARec does too, Monteil
et al., RecSys 2024.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass
from scipy.sparse import vstack

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT
from recsys.operators import power, scaled
from recsys.scorers.attributes import attributes
from recsys.scorers.ease import solved
from recsys.scorers.interactions import ItemToItem
from recsys.types import Holdout


@dataclass(config=STRICT)
class AttributeEASE(ItemToItem):
    """The operator of `EASE` for Xn above share · Fᵀ, with F the attributes of items, each item's of length 1.

    X, Du and Di as there. It has an opinion of every item with events or attributes, and raises RecsysError where the
    memory is too small.
    """

    l2: PositiveFloat = 3.0
    share: PositiveFloat = 0.3
    user_power: float = 0.3
    item_power: float = 0.3
    output_power: float = 0.0
    train_half_life: PositiveFloat | None = 90
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "attribute_ease"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(90, 180, None),
        "share": Span((0.3, 1.0, 3.0), 0.03, 30.0, log=True),
        "l2": Span((3.0, 1.0, 10.0), 0.1, 1000.0, log=True),
        "output_power": Span((0.0, 0.3), -0.2, 0.8),
        "demand": DEMANDS,
        "user_power": Span((), 0.0, 1.0),
        "item_power": Span((), 0.0, 1.0),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        X = self._interactions(graph)
        F = attributes(graph).unit
        before = power(self.degrees_, -self.item_power)
        known = scaled(X, power(X.sum(axis=1), -self.user_power), before)
        stacked = vstack([known, F.T * np.float32(self.share)], format="csr")
        self.operator_ = solved(stacked, self.l2, before)
        self.degrees_ = np.where(self.opinion_, self.degrees_, 1).astype(np.float32)  # a new item is not held down
        self.opinion_ |= np.diff(F.indptr) > 0
        self.emphasis_ = self.emphasis(graph)
        return self
