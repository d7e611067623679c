"""The summands of a score: one by one, or in columns, for a score of tens of thousands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Self, overload

import numpy as np
from numpy.typing import NDArray

from kg.paths import MANY as MANY

ContributionKind = Literal["path", "link", "constant"]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Path:
    """Steps of the graph, each an edge: `nodes` in the one numbering, `relations` between them (one fewer).

    It begins at the node that an event of the query touches. `count` distinct walks are added up in it, more than one
    only where a node is `MANY`; 0: nobody counted them.
    """

    nodes: tuple[int, ...]
    relations: tuple[str, ...] = ()
    count: int = 1


@dataclass(frozen=True)
class Event:
    """One event of the query: its `position` there, the node it touches, its kind and time (seconds from the epoch)."""

    position: int
    node: int
    kind: str
    time: int


@dataclass(frozen=True)
class Contribution:
    """One summand of a score.

    A `path` walks from the event's node to the item along edges of the graph; a `link` ties the event's node to the
    item by something learned, with no path behind it; a `constant` is the same whatever the user did and has no event.
    """

    value: float
    kind: ContributionKind
    scorer: str
    event: Event | None = None
    path: Path | None = None


@dataclass(frozen=True, eq=False)
class Events:
    """Some events of a query as columns, all of length m: `Event` says what each holds."""

    positions: Index
    nodes: Index
    kinds: NDArray[np.int16]
    times: NDArray[np.int32]
    kind_names: tuple[str, ...]

    @classmethod
    def of(cls, events: Sequence[Event]) -> Events:
        """From single ones."""
        names = tuple(dict.fromkeys(event.kind for event in events))
        kinds = np.array([names.index(event.kind) for event in events], dtype=np.int16)
        columns = ([event.position for event in events], [event.node for event in events])
        positions, nodes = (np.array(column, dtype=np.int64) for column in columns)
        return Events(positions, nodes, kinds, np.array([event.time for event in events], dtype=np.int32), names)

    def some(self, chosen: Index) -> list[Event]:
        """These of the events, in words."""
        columns = (self.positions[chosen], self.nodes[chosen], self.kinds[chosen], self.times[chosen])
        return [
            Event(position, node, self.kind_names[kind], time)
            for position, node, kind, time in zip(*(values.tolist() for values in columns), strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Summands:
    """Summands of one scorer and one kind that go w ways, all along the same relations; m summands.

    values     float64 (m,)
    ways       int64 (m,): which way each goes; no two ways begin at the same node and have the same `nodes`
    which      int64 (m,): which of the `events` it is due to, −1: to none
    nodes      int64 (w, p): the nodes of each way; p = 0: there is no path
    relations  the p − 1 steps between them
    counts     int64 (w,): how many walks are added up in each; 0: nobody counted them
    """

    scorer: str
    kind: ContributionKind
    values: NDArray[np.float64]
    ways: Index
    which: Index
    events: Events
    nodes: Index
    relations: tuple[str, ...]
    counts: Index

    def __len__(self) -> int:
        return len(self.values)

    def scaled(self, factor: float) -> Self:
        """Each of them times a factor."""
        columns = (self.ways, self.which, self.events, self.nodes, self.relations, self.counts)
        return type(self)(self.scorer, self.kind, self.values * factor, *columns)

    @cached_property
    def of_ways(self) -> NDArray[np.float64]:
        """What each way adds up to, float64 (w,)."""
        return np.bincount(self.ways, self.values, minlength=len(self.nodes)).astype(np.float64)

    @cached_property
    def starts(self) -> Index:
        """The node that the events of each summand touch, int64 (m,); −1: there is none."""
        if not len(self.events.nodes):
            return np.full(len(self), -1)
        return np.where(self.which < 0, -1, self.events.nodes[self.which])

    @cached_property
    def _by_way(self) -> tuple[Index, Index]:
        """The summands in order of their ways, and where those of each way end."""
        return np.argsort(self.ways, kind="stable"), np.cumsum(np.bincount(self.ways, minlength=len(self.nodes)))

    def going(self, way: int) -> Index:
        """The summands that go a way."""
        order, ends = self._by_way
        return order[ends[way - 1] if way else 0 : ends[way]]

    def path(self, way: int) -> Path | None:
        """One of the ways in words."""
        if not self.nodes.shape[1]:
            return None
        return Path(tuple(self.nodes[way].tolist()), self.relations, int(self.counts[way]))

    def some(self, chosen: Index) -> Iterator[Contribution]:
        """These of the summands, one by one."""
        known = chosen[self.which[chosen] >= 0]
        events = dict(zip(known.tolist(), self.events.some(self.which[known]), strict=True))
        paths = {way: self.path(way) for way in np.unique(self.ways[chosen]).tolist()}
        for place, value, way in zip(
            chosen.tolist(), self.values[chosen].tolist(), self.ways[chosen].tolist(), strict=True
        ):
            yield Contribution(value, self.kind, self.scorer, events.get(place), paths[way])


class Contributions(Sequence[Contribution]):
    """All summands of a score: read as a sequence they are made one by one, so whoever only adds reads `blocks`."""

    def __init__(self, parts: Iterable[Contribution | Summands]) -> None:
        single: dict[tuple[object, ...], list[Contribution]] = {}
        blocks: list[Summands] = []
        for part in parts:
            if isinstance(part, Summands):
                blocks += [part] if len(part) else []
            else:
                path = part.path or Path(())
                single.setdefault((part.scorer, part.kind, path.relations, len(path.nodes)), []).append(part)
        self.blocks = (*blocks, *map(_block, single.values()))

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def __iter__(self) -> Iterator[Contribution]:
        for block in self.blocks:
            yield from block.some(np.arange(len(block)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Contributions) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    @overload
    def __getitem__(self, place: int) -> Contribution: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Contribution, ...]: ...
    def __getitem__(self, place: int | slice) -> Contribution | tuple[Contribution, ...]:
        return tuple(self)[place]

    @cached_property
    def total(self) -> float:
        """Their sum."""
        return float(sum(block.values.sum() for block in self.blocks))

    def size(self, kind: ContributionKind | None = None) -> float:
        """The sum of their absolute values; of one kind, if named."""
        told = (block for block in self.blocks if kind in (None, block.kind))
        return float(sum(np.abs(block.values).sum() for block in told))


def _block(parts: list[Contribution]) -> Summands:
    """Single summands of one scorer and kind along the same relations as columns."""
    first = parts[0].path or Path(())
    numbers: dict[tuple[int, tuple[int, ...]], int] = {}
    counts: list[int] = []
    ways = []
    for part in parts:
        path = part.path or Path(())
        way = numbers.setdefault((part.event.node if part.event else -1, path.nodes), len(numbers))
        ways.append(way)
        counts += [path.count] if way == len(counts) else []
    events = [part.event for part in parts if part.event]
    known = np.array([part.event is not None for part in parts])
    return Summands(
        parts[0].scorer,
        parts[0].kind,
        np.array([part.value for part in parts], dtype=np.float64),
        np.array(ways, dtype=np.int64),
        np.where(known, np.cumsum(known) - 1, -1),
        Events.of(events),
        np.array([nodes for _, nodes in numbers], dtype=np.int64).reshape(len(numbers), len(first.nodes)),
        first.relations,
        np.array(counts, dtype=np.int64),
    )
