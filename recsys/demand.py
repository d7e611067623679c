"""How much an item is wanted these days, by everybody: a factor on its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from kg.query import TIMELESS, Weighting
from recsys.grid import Span

Levels = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True)
class Demand:
    """demand(i) = (r_i + 1)^now · (l_i + 1)^−usual, with r and l of `levels`.

    `usual` > 0 rewards items that sell above their own long-run level, which popularity alone
    confuses with best-sellers. Both 0, or a log without times: no effect.
    """

    now: float = 0.8
    usual: float = 0.4
    short: float = 7
    long: float = 180

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "now": Span((), 0.0, 1.5),
        "usual": Span((), -1.0, 1.2),
        "short": Span((), 2.0, 30.0, log=True),
        "long": Span((), 30.0, 720.0, log=True),
    }

    def of_items(self, graph: KnowledgeGraph, kinds: Mapping[str, float]) -> NDArray[np.float32]:
        """The factor of every item, float32 (n_items,)."""
        if not has_times(graph):
            return np.ones(graph.n_items, dtype=np.float32)
        recent, steady = levels(graph, kinds, self.short, self.long)
        return ((recent + 1) ** self.now * (steady + 1) ** -self.usual).astype(np.float32)


DEMANDS = (Demand(0, 0), Demand(0.3, 0.3), Demand(0.5, 0), Demand(0.8, 0.4), Demand(1.1, 0.8))
"""What tuning tries, the simplest first."""


def levels(graph: KnowledgeGraph, kinds: Mapping[str, float], short: float, long: float) -> Levels:
    """Events of each item fading with a half-life of `short` and of `long` days, float64 (n_items,) each.

    The second is scaled to the first: they are equal for an item that has sold steadily for much longer than `long`.
    """

    def fading(days: float) -> NDArray[np.float64]:
        return graph.interactions(Weighting(kinds, days)).sum(axis=0, dtype=np.float64).clip(min=0)

    return fading(short), fading(long) * (short / long)


def has_times(graph: KnowledgeGraph) -> bool:
    """Whether any event of the log says when it was."""
    return any(bool((graph.relations[relation].time != TIMELESS).any()) for relation in graph.event_relations)
