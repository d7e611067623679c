"""An explanation as plain data for people: grouped, named, strongest first, other customers as counts only.

Everything that tells it (JSON, words, pictures) reads these values and needs no graph.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from recsys.types import ContributionKind

HIDDEN = "hidden"
"""The type of a node that may not be shown, and the name of a step to it."""


@dataclass(frozen=True)
class Stop:
    """A node of a path, or several that were added up.

    id     the shop's id; None where several nodes are meant or the node may not be shown
    label  what people read; empty where `id` is None
    count  how many different nodes; None: at least one, but fewer customers than may be told
    counted  whether there was time to count them: where there was not, `count` is None
    """

    type: str
    id: str | None
    label: str = ""
    count: int | None = 1
    counted: bool = True


@dataclass(frozen=True)
class Step:
    """An edge of a path, `rev_…` when walked against its direction; where a fact comes from, if that is known."""

    relation: str
    provenance: str = ""

    @property
    def name(self) -> str:
        return self.relation.removeprefix("rev_")

    @property
    def backwards(self) -> bool:
        return self.relation.startswith("rev_")


@dataclass(frozen=True)
class Occasion:
    """What a user did with one node, all events of one kind together; `last` is None where times are not known."""

    kind: str
    count: int
    last: date | None


@dataclass(frozen=True)
class Context:
    """What the graph knows beside a link or a constant. It is no part of the score.

    customers  of a link: those who bought both items; of a constant: who bought the item in the last `days` days
    shared     what both items of a link have: (relation, node)
    popular    whether the item is among the most bought of those days
    """

    customers: Stop | None = None
    shared: tuple[tuple[str, Stop], ...] = ()
    popular: bool = False
    days: int = 0


@dataclass(frozen=True)
class Reason:
    """Contributions of one scorer through one node of the query by one path or link, added up.

    node       what the user's events touch; None: no event is behind it
    occasions  those events, the weightiest kind first
    stops      of a path: the nodes from `node` to the item; of others: none
    steps      the edges between them, one fewer
    """

    value: float
    kind: ContributionKind
    scorer: str
    node: Stop | None = None
    occasions: tuple[Occasion, ...] = ()
    stops: tuple[Stop, ...] = ()
    steps: tuple[Step, ...] = ()
    context: Context | None = None

    @property
    def hidden(self) -> bool:
        """Whether it passes a node that may not be shown."""
        return any(stop.type == HIDDEN for stop in (self.node, *self.stops) if stop)

    @property
    def straight(self) -> Reason:
        """The same without steps that lead away from a node and straight back to it: they say nothing of the item."""
        for at, (before, after) in enumerate(zip(self.stops, self.stops[2:], strict=False), 1):
            if before.id is not None and before == after:
                stops, steps = self.stops[:at] + self.stops[at + 2 :], self.steps[: at - 1] + self.steps[at + 1 :]
                return replace(self, stops=stops, steps=steps).straight
        return self


@dataclass(frozen=True)
class Told:
    """A score and its reasons, by |value|; `user` is None for a guest; `as_of` is the day the graph tells of.

    `new`: no customer has had an event with the item yet. `cut_ms`: after how many milliseconds what was not told yet
    was added up, or not counted; None: it never was.
    """

    user: Stop | None
    item: Stop
    score: float
    additive: bool
    reasons: tuple[Reason, ...]
    as_of: date
    new: bool = False
    cut_ms: float | None = None

    @property
    def straight(self) -> Told:
        """The same of `straight` reasons; of those of one scorer that then go the same way the values are added up."""
        same: dict[Reason, list[Reason]] = {}
        for reason in (reason.straight for reason in self.reasons):
            same.setdefault(replace(reason, value=0.0), []).append(reason)
        added = [replace(way, value=sum(reason.value for reason in reasons)) for way, reasons in same.items()]
        return replace(self, reasons=tuple(sorted(added, key=lambda reason: -abs(reason.value))))

    @property
    def weight(self) -> float:
        """Σ|value|, what shares are shares of."""
        return sum(abs(reason.value) for reason in self.reasons)

    def share(self, kind: ContributionKind) -> float:
        """Σ|value of that kind| / Σ|value|, in 0 … 1."""
        of_kind = sum(abs(reason.value) for reason in self.reasons if reason.kind == kind)
        return of_kind / self.weight if self.weight else 0.0

    @property
    def by_scorer(self) -> dict[str, float]:
        """What each scorer adds to the score, strongest first."""
        total: dict[str, float] = {}
        for reason in self.reasons:
            total[reason.scorer] = total.get(reason.scorer, 0.0) + reason.value
        return dict(sorted(total.items(), key=lambda entry: -abs(entry[1])))
