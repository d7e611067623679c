"""What may be shown, by what the graph knows of the items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.graph import KnowledgeGraph
from recsys import ranking


@dataclass(frozen=True)
class Filters:
    """What may be shown; without any, everything."""

    category: str | None = None
    price_min: float | None = None
    price_max: float | None = None
    available: bool = False

    def mask(self, graph: KnowledgeGraph) -> ranking.Mask:
        """The items that pass, bool (n_items,)."""
        allowed = np.ones(graph.n_items, dtype=bool)
        if self.category is not None:
            allowed &= ranking.in_category(graph, self.category)
        if self.price_min is not None or self.price_max is not None:
            highest = float("inf") if self.price_max is None else self.price_max
            allowed &= ranking.priced(graph, self.price_min or 0.0, highest)
        return allowed & ranking.available(graph) if self.available else allowed


EVERYTHING = Filters()
