"""What a person cares for: walks along facts alone, from what she looked at to what is wanted of the same kind.

A look tells of a taste as much as a purchase does, which may have any reason: here views weigh as much.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import Demand
from recsys.linear import STRICT
from recsys.operators import power, scaled
from recsys.scorers.metapaths import metapaths, transitions
from recsys.scorers.walking import Steps
from recsys.scorers.walks import Walks

_LOOKS = {"view": 1.0, "cart": 1.0}
_VIEWS = {"view": 1.0, "cart": 0.0, "purchase": 0.0, "rating": 0.0}  # every look once, whatever came of it


@dataclass(config=STRICT)
class Tastes(Walks):
    """`Walks` over the metapaths that pass no customers, such as item → brand → item.

    The last step goes to each item in proportion to its demand, and its rows sum to 1: the chance that a customer who
    wants something of a brand wants this.
    """

    demand: Demand = Demand(0.5, -0.5)
    weighting: Weighting = Weighting(_LOOKS)
    name: str = "tastes"

    EMPHASIS: ClassVar[frozenset[str]] = frozenset()
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "weighting": (Weighting(_LOOKS), Weighting(_VIEWS), Weighting(), Weighting(_LOOKS, half_life=90)),
        "demand": (Demand(0.5, -0.5), Demand(0.8, 0), Demand(0, -1)),
    }

    def _steps(self, graph: KnowledgeGraph) -> Steps:
        demand = self.demand.of_items(graph, self.weighting.kinds)
        steps: Steps = {}
        for path in metapaths(graph, self.weighting, self.max_steps):
            if not path.through_users:
                *inner, last = transitions(graph, path, self.weighting, self.beta)
                wanted = scaled(last, columns=demand)
                steps[str(path)] = [*inner, scaled(wanted, rows=power(wanted.sum(axis=1), -1))]
        return steps

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        """None: demand has had its say in the last step."""
        return np.ones(graph.n_items, dtype=np.float32)
