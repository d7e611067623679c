"""What the shop says outright: this here, more of that, less of those, not too many of one kind."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from kg.graph import ITEM, KnowledgeGraph
from recsys.linear import STRICT
from recsys.reranking.shelf import NONE, chosen, codes
from recsys.reranking.slate import Setting, Slate

Nodes = Annotated[tuple[str, ...], Field(min_length=1)]


@dataclass(config=STRICT, frozen=True)
class Pin:
    """Items at fixed places, one after the other from `place` (1 is the first) on, whatever later steps do.

    Nobody is shown what may not be shown to her: then the others move up.
    """

    items: Nodes
    place: Annotated[int, Field(ge=1)] = 1
    name: str = "pin"

    costly: ClassVar[bool] = False

    def places(self, graph: KnowledgeGraph) -> dict[int, int]:
        """The place, from 0, of every pinned item that the graph knows."""
        index = graph.nodes[ITEM].ids.to_index(self.items).tolist()
        return {item: self.place - 1 + turn for turn, item in enumerate(index) if item >= 0}

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        return slate.pinned(self.places(setting.graph), setting.scores)


@dataclass(config=STRICT, frozen=True)
class Boost:
    """value + weight for the items of some nodes, such as "brand:Acme", "category:Kitchen" or "item:17"."""

    nodes: Nodes
    weight: Annotated[float, Field(gt=0)] = 0.2
    name: str = "boost"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        return slate.raised(self.weight * slate.of_items(chosen(setting.graph, self.nodes)))


@dataclass(config=STRICT, frozen=True)
class Bury:
    """The items of some nodes after all others; with `out`, never."""

    nodes: Nodes
    out: bool = False
    name: str = "bury"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        buried = slate.of_items(chosen(setting.graph, self.nodes))
        if self.out:
            return slate.without(buried)
        return slate.reordered(np.argsort(buried + 2 * slate.pads, axis=1, kind="stable"))


@dataclass(config=STRICT, frozen=True)
class Cap:
    """At most so many items of one node of an attribute; the others of it are taken out, those lowest in the list.

    Only the first `among` items count (none given: all of the list), and what is too much there comes after them.
    """

    attribute: str = "category"
    most: Annotated[int, Field(ge=1)] = 3
    among: Annotated[int, Field(ge=1)] | None = None
    name: str = "cap"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        own = slate.of_items(codes(setting.graph, self.attribute))
        pinned = np.isin(slate.items, [item for item, place in slate.pins.items() if place < self._n_counted])
        rows = [self._too_many(*row) for row in zip(slate.items, own, pinned, strict=True)]
        late = np.array(rows, dtype=bool).reshape(slate.items.shape)
        if self.among is None:
            return slate.without(late)
        return slate.reordered(np.argsort(late + 2 * slate.pads, axis=1, kind="stable"))

    @property
    def _n_counted(self) -> float:
        return float("inf") if self.among is None else self.among

    def _too_many(self, items: NDArray[np.int64], own: NDArray[np.int64], pinned: NDArray[np.bool_]) -> list[bool]:
        """For every candidate of one user whether there are enough like it; the pinned ones are counted first."""
        counts = Counter(own[pinned].ravel().tolist())
        n_kept = int(np.count_nonzero(pinned))
        late = []
        for item, nodes, held in zip(items.tolist(), own.tolist(), pinned.tolist(), strict=True):
            known = [node for node in nodes if node != NONE]
            counted = not held and item >= 0 and bool(n_kept < self._n_counted)
            late.append(counted and any(counts[node] >= self.most for node in known))
            if counted and not late[-1]:
                counts.update(known)
                n_kept += 1
        return late
