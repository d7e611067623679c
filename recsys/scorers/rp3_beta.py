"""P3α whose last step avoids what everybody has.

Christoffel et al., "Blockbusters and wallflowers: accurate, diverse, and scalable recommendations with random walks",
RecSys 2015.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from recsys.demand import DEMANDS
from recsys.grid import Span, half_life
from recsys.linear import STRICT
from recsys.scorers.p3_alpha import P3Alpha
from recsys.types import Holdout


@dataclass(config=STRICT)
class RP3Beta(P3Alpha):
    """The operator of `P3Alpha`, each item's score divided by (Σ_v x_vi / their mean)^beta."""

    beta: float = 0.6
    name: str = "rp3_beta"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, None),
        "beta": Span((0.6, 0.3, 0.8), 0.0, 1.2),
        "alpha": Span((1.0, 1.3), 0.3, 3.0),
        "demand": DEMANDS,
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self._fit(graph, self.beta)
