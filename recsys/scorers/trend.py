"""What sells better than it usually does: this week against the long run."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import levels
from recsys.grid import Span
from recsys.linear import STRICT, ConstantScorer
from recsys.types import Holdout


@dataclass(config=STRICT)
class Trend(ConstantScorer):
    """score(i) = log((r_i + 1) / (l_i + 1)): events of item i fading over `short` days against `long` days, as a rate.

    `weighting` says what each kind of event counts; its half-life is not read.
    """

    short: PositiveFloat = 7
    long: PositiveFloat = 30
    weighting: Weighting = Weighting()
    name: str = "trend"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "long": Span((30, 180), 14.0, 365.0, log=True),
        "short": Span((), 1.0, 14.0, log=True),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        recent, steady = levels(graph, self.weighting.kinds, self.short, self.long)
        self.values_ = np.log((recent + 1) / (steady + 1)).astype(np.float32)
        return self
