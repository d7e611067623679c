"""Re-ranking steps one after the other, and what each does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kg.graph import ITEM, KnowledgeGraph
from recsys.errors import RecsysError
from recsys.reranking import reranker
from recsys.reranking.rules import Boost, Bury, Cap, Pin
from recsys.reranking.shelf import NONE, chosen, codes
from recsys.reranking.slate import Reranker, Setting, Slate

_FEWEST, _LONGER = 100, 10


def pool(k: int) -> int:
    """How many candidates the steps have for a list of k: the more, the farther something can come up."""
    return max(_FEWEST, _LONGER * k)


@dataclass(frozen=True)
class Chain:
    """Steps in the order they are taken; each has a name of its own."""

    steps: tuple[Reranker, ...] = ()

    def __post_init__(self) -> None:
        for first, second in combinations(self.steps, 2):
            if first.name == second.name:
                raise RecsysError("two re-ranking steps have one name", value=first.name, fix='Add name = "…" to one.')

    def __bool__(self) -> bool:
        return bool(self.steps)

    @classmethod
    def of(cls, sections: Iterable[Mapping[str, Any]]) -> Self:
        """From the sections `[[rerank]]` of a config."""
        return cls(tuple(map(reranker, sections)))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)

    def run(self, setting: Setting) -> list[Slate]:
        """The slate before the first step, and after each."""
        slates = [Slate.of(setting.scores, pool(setting.k))]
        for step in self.steps:
            slates.append(step.rerank(slates[-1], setting))
        return slates

    def check(self, graph: KnowledgeGraph) -> None:
        """Raise RecsysError where a step names what the graph lacks, or contradicts another."""
        for step in self.steps:
            if isinstance(step, Boost | Bury):
                chosen(graph, step.nodes, strict=True)
            if isinstance(step, Pin):
                chosen(graph, [f"{ITEM}:{item}" for item in step.items], strict=True)
        pins = self._pins(graph)
        for step in self.steps:
            match step:
                case Bury():
                    self._unburied(step, pins, graph)
                case Cap():
                    _within(step, pins, graph)

    def _pins(self, graph: KnowledgeGraph) -> dict[int, int]:
        """The place of every pinned item."""
        places: dict[int, int] = {}
        for step in self.steps:
            if not isinstance(step, Pin):
                continue
            if len(set(step.items)) < len(step.items):
                raise _contradiction(f"{step.name} pins an item twice", step.items, "Name every item once.")
            for item, place in step.places(graph).items():
                if places.get(item, place) != place:
                    told = f"{_id(graph, item)} is pinned to the places {places[item] + 1} and {place + 1}"
                    raise _contradiction(told, step.name, "Keep one of them.")
                taken = [other for other, theirs in places.items() if theirs == place and other != item]
                if taken:
                    told = f"{_id(graph, taken[0])} and {_id(graph, item)} are both pinned to the place {place + 1}"
                    raise _contradiction(told, step.name, "Give one of them another place.")
                places[item] = place
        return places

    def _unburied(self, bury: Bury, pins: Mapping[int, int], graph: KnowledgeGraph) -> None:
        buried = chosen(graph, bury.nodes)
        for item in pins:
            if buried[item]:
                told = f"{_id(graph, item)} is pinned, and {bury.name} buries it"
                raise _contradiction(told, ", ".join(bury.nodes), "Take it out of one of them.")
        for step in self.steps:
            if isinstance(step, Boost) and (both := set(step.nodes) & set(bury.nodes)):
                told = f"{min(both)} is raised by {step.name} and buried by {bury.name}"
                raise _contradiction(told, None, "Take it out of one of them.")


def _within(cap: Cap, pins: Mapping[int, int], graph: KnowledgeGraph) -> None:
    own = codes(graph, cap.attribute)
    counted = [item for item, place in pins.items() if cap.among is None or place < cap.among]
    nodes, counts = np.unique(own[counted], return_counts=True)
    for node, count in zip(nodes.tolist(), counts.tolist(), strict=True):
        if node != NONE and count > cap.most:
            told = f"{count} items of one {cap.attribute} are pinned, and {cap.name} allows {cap.most}"
            raise _contradiction(told, None, "Pin fewer of them, or raise the cap.")


def _contradiction(told: str, value: object, fix: str) -> RecsysError:
    return RecsysError(f"the re-ranking rules contradict one another: {told}", value=value, fix=fix)


def _id(graph: KnowledgeGraph, item: int) -> str:
    return str(graph.nodes[ITEM].ids.ids[item])


NOTHING = Chain()


def places(slates: list[Slate], items: NDArray[np.int64], before: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where items (B, m) stand, from 1: in every slate, or where they are not in it, as before: (slates, B, m).

    `before` (B, m) is their place by the scores alone. Of a pad something.
    """
    found = np.empty((len(slates), *items.shape), dtype=np.int64)
    for turn, slate in enumerate(slates):
        for column in range(items.shape[1]):
            there = slate.items == items[:, [column]]
            last = before[:, column] if turn == 0 else found[turn - 1, :, column]
            found[turn, :, column] = np.where(there.any(axis=1), there.argmax(axis=1) + 1, last)
    return found
