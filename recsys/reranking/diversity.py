"""Neighbours that are unlike one another: maximal marginal relevance.

Carbonell & Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing summaries",
SIGIR 1998.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from recsys.linear import STRICT
from recsys.reranking.shelf import NONE, codes
from recsys.reranking.slate import Setting, Slate


@dataclass(config=STRICT, frozen=True)
class Diversity:
    """Next comes the item with the most of  (1 − weight) · value − weight · likeness to the likest before it.

    Two items are as like as the share of `attributes` in which they have a node in common. The first k places are
    filled so; the rest follows as it was.
    """

    attributes: Annotated[tuple[str, ...], Field(min_length=1)] = ("category",)
    weight: Annotated[float, Field(ge=0, le=1)] = 0.3
    name: str = "diversity"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        B, n = slate.items.shape
        own = [slate.of_items(codes(setting.graph, attribute)) for attribute in self.attributes]
        likest, free = np.zeros((B, n)), ~slate.pads
        for item in slate.pins:  # what keeps its place is in the list already
            place = (slate.items == item).argmax(axis=1)
            there = (slate.items == item).any(axis=1)
            likest[there] = np.maximum(likest, _likeness(own, place))[there]
            free[there, place[there]] = False
        turn = np.full((B, n), n)
        for place in range(min(setting.k, n)):
            gain = (1 - self.weight) * np.where(slate.pads, 0, slate.values) - self.weight * likest
            best = np.where(free, gain, -np.inf).argmax(axis=1)
            rows = np.flatnonzero(free[np.arange(B), best])  # the others have nothing left
            turn[rows, best[rows]] = place
            free[rows, best[rows]] = False
            likest[rows] = np.maximum(likest, _likeness(own, best))[rows]
        return slate.reordered(np.argsort(turn + slate.pads, axis=1, kind="stable"))


def _likeness(own: list[NDArray[np.int64]], place: NDArray[np.int64]) -> NDArray[np.float64]:
    """The likeness of every candidate to the one at a place each (B,): float64 (B, n); `own` (B, n, m) an attribute."""
    total = np.zeros(own[0].shape[:2])
    for nodes in own:
        theirs = nodes[np.arange(len(nodes)), place]
        shared = np.zeros(nodes.shape[:2], dtype=bool)
        for column in theirs.T:
            shared |= ((nodes == column[:, None, None]) & (column[:, None, None] != NONE)).any(axis=2)
        total += shared
    return total / len(own)
