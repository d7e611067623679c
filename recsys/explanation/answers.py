"""Answers to why not, why above and what if, as plain data for people: names instead of numbers, nobody else named."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from recsys.explanation.told import Occasion, Reason, Stop, Told
from recsys.types import ContributionKind, Placement

Standing = Literal["in the list", "below the list", "taken out", "had", "left out", "no opinion"]


@dataclass(frozen=True)
class Side:
    """What one scorer, through one node of what the user did, gives to each of two items.

    node       None: no event is behind it
    occasions  what she did with the node
    """

    scorer: str
    kind: ContributionKind
    node: Stop | None
    occasions: tuple[Occasion, ...]
    first: float
    second: float

    @property
    def difference(self) -> float:
        return self.first - self.second


@dataclass(frozen=True)
class Stand:
    """An item, where it stands, and its score; None: nobody has an opinion of it."""

    item: Stop
    placement: Placement
    score: float | None


@dataclass(frozen=True)
class WhyAbove:
    """Two items of one user; the sides' differences, by size, sum to that of the scores."""

    user: Stop | None
    first: Stand
    second: Stand
    sides: tuple[Side, ...]
    as_of: date
    exact: bool


@dataclass(frozen=True)
class WhyNot:
    """Where an item stands and why; below the list, beside the last one of the list: `sides` are its and the item's."""

    user: Stop | None
    stand: Stand
    k: int
    standing: Standing
    as_of: date
    rival: Stand | None = None
    sides: tuple[Side, ...] = ()
    exact: bool = True


@dataclass(frozen=True)
class Bringing:
    """Items that, bought just now, bring another one to the place `rank`."""

    items: tuple[Stop, ...]
    rank: int


@dataclass(frozen=True)
class WouldBring:
    """What would bring an item into the first k, the best first; each was ranked anew.

    `tried` of the `possible` single purchases were. exact: all of them, and the answers are the best; otherwise they
    are the best that were found.
    """

    user: Stop | None
    stand: Stand
    k: int
    standing: Standing
    answers: tuple[Bringing, ...] = ()
    tried: int = 0
    possible: int = 0
    exact: bool = True


@dataclass(frozen=True)
class Without:
    """The fewest of the user's doings without which an item would not be in the first k; each answer was scored anew.

    `nodes` are what they touch, each with what she did; none: no three of them do it. exact: nothing smaller does it.
    """

    user: Stop | None
    stand: Stand
    k: int
    as_of: date
    nodes: tuple[tuple[Stop, tuple[Occasion, ...]], ...] = ()
    after: int | None = None
    exact: bool = True


@dataclass(frozen=True)
class Owed:
    """What an item's score owes to the user's doings: Shapley values, an estimate over `n_orders` random orders.

    parts  what she did with each node, and its value, by size; nothing: the score without any doing
    gap    what the values are short of the score
    """

    user: Stop | None
    stand: Stand
    parts: tuple[tuple[Stop, tuple[Occasion, ...], float], ...]
    nothing: float
    gap: float
    n_orders: int
    as_of: date


def sides(first: Told, second: Told) -> tuple[Side, ...]:
    """The reasons of two items of one user side by side, those with most to say first.

    Reasons of one scorer through one node are added up; all that stay hidden are one.
    """
    found: dict[tuple[str, str, Stop | None], tuple[list[float], Reason]] = {}
    for place, told in enumerate((first, second)):
        for reason in told.reasons:
            kind = "" if reason.node else reason.kind
            values, _ = found.setdefault((reason.scorer, kind, reason.node), ([0.0, 0.0], reason))
            values[place] += reason.value
    parts = [
        Side(scorer, reason.kind, node, reason.occasions, *values)
        for (scorer, _, node), (values, reason) in found.items()
    ]
    return tuple(sorted(parts, key=lambda side: -abs(side.difference)))
