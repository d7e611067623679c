"""What everybody buys: the events of an item, fading with age."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import STRICT, ConstantScorer
from recsys.types import Holdout


@dataclass(config=STRICT)
class Popularity(ConstantScorer):
    """score(i) = Σ over all events of item i: weight of the event, halved every `weighting.half_life` days."""

    weighting: Weighting = Weighting(half_life=7)
    name: str = "popularity"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "weighting": (Weighting(half_life=7), Weighting(half_life=30), Weighting())
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        self.values_ = np.asarray(graph.interactions(self.weighting).sum(axis=0), dtype=np.float32)
        return self
