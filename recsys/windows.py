"""Windows that scorers are tuned on: what a graph may know, and what is asked of it after that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from kg.building import build
from kg.carves import Carve
from kg.config import Derive
from kg.graph import KnowledgeGraph
from kg.steps.derive import derive
from recsys.errors import RecsysError
from recsys.holdout import holdout
from recsys.protocol import Protocol, asked
from recsys.types import Holdout

FEWEST = 500  # of fewer users the figures are noise


@dataclass(frozen=True, eq=False)
class Window:
    """A graph, and what is asked of it."""

    graph: KnowledgeGraph
    holdout: Holdout

    @property
    def scores(self) -> int:
        """Users × items: the scores that every scorer has to give."""
        return len(self.holdout.query) * self.graph.n_items

    def thinned(self, scores: int) -> Window:
        """With so many of its users that it asks for about `scores`, but at least `FEWEST`."""
        return replace(self, holdout=self.holdout.thinned(max(FEWEST, scores // max(self.graph.n_items, 1))))


def window(carve: Carve, section: Derive, target_kinds: Sequence[str]) -> Window:
    """The graph of what a carve may know, with its question; raises RecsysError where nothing can be asked."""
    graph = build(derive(carve.known, section))
    start = None if carve.start is None else seconds(carve.start)
    return Window(graph, holdout(graph, carve.asked, target_kinds, start))


def window_if_any(carve: Carve | None, section: Derive, target_kinds: Sequence[str]) -> Window | None:
    """The same; None where it is too early: there is no carve, or nobody who came then is known."""
    if carve is None:
        return None
    try:
        made = window(carve, section, target_kinds)
        asked(made.holdout, Protocol(repeats="exclude"))
    except RecsysError:
        return None
    return made


def seconds(moment: datetime) -> int:
    """Unix seconds of a moment, UTC where it has no zone."""
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
