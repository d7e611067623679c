"""From contributions in numbers to reasons in names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property
from math import inf

import numpy as np
from numpy.typing import NDArray

from kg.customers import FEWEST, counted
from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import EVENT_KINDS, TIMELESS, Query
from recsys.deadline import Deadline
from recsys.explanation.evidence import RECENT_DAYS, Evidence, others, provenance
from recsys.explanation.steps import NOWHERE, Crowds, named
from recsys.explanation.told import HIDDEN, Context, Occasion, Reason, Step, Stop, Told
from recsys.summands import MANY, Event, Path, Summands
from recsys.types import Explanation


@dataclass(frozen=True, eq=False)
class Teller:
    """Tells explanations of one graph.

    k_anonymous  fewer other customers than this are "a few"; none is ever named
    sensitive    node types and relations that are never shown
    detail       how many reasons, from the strongest on, get a context
    budget_ms    milliseconds of one core that are there to count customers: those there is no time for are not counted
    """

    graph: KnowledgeGraph
    k_anonymous: int = FEWEST
    sensitive: frozenset[str] = field(default=frozenset())
    detail: int = 30
    budget_ms: float = inf

    def tell(self, explanation: Explanation, n: int | None = None) -> Told:
        """The explanation grouped by scorer, node of the query, and path or link; strongest first.

        With `n` only so many reasons: what the others are is not looked up.
        """
        user, item = explanation.user, explanation.item
        blocks = [self._anonymous(block, user) for block in explanation.columns.blocks]
        groups = [(block, way) for block in blocks for way in range(len(block.nodes))]
        sizes = np.abs(np.concatenate([block.of_ways for block in blocks] or [np.empty(0)]))
        deadline = Deadline(self.budget_ms)
        crowds = Crowds(self.graph, deadline)
        reasons = []
        for place, (block, way) in enumerate(groups[at] for at in strongest(sizes, n)):
            reason = self._reason(block, way, user, crowds)
            if place < self.detail and block.kind != "path":
                node = int(block.starts[block.going(way)[0]])
                reason = replace(reason, context=self._context(node, item, user, deadline))
            reasons.append(reason)
        own = None if user < 0 else self.stop(user)
        told = (own, self.stop(item), explanation.score, explanation.additive, tuple(reasons))
        cut = explanation.cut_ms or deadline.cut_ms
        return Told(*told, as_of=self.day(self.graph.now), new=self.evidence.new(item), cut_ms=cut)

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence(self.graph)

    def _anonymous(self, block: Summands, user: int) -> Summands:
        """With other customers in its ways as `MANY`; ways that are one then are told as one."""
        users = self.graph.nodes[USER].range
        named = (block.nodes >= users.start) & (block.nodes < users.stop) & (block.nodes != user)
        if not named.any():
            return block
        ways, place = np.unique(
            np.hstack([block.nodes[:, :1], np.where(named, MANY, block.nodes)]), axis=0, return_inverse=True
        )
        counts = np.bincount(place, block.counts).astype(np.int64)
        return replace(block, ways=place[block.ways], nodes=ways[:, 1:], counts=counts)

    def _reason(self, block: Summands, way: int, user: int, crowds: Crowds) -> Reason:
        summands = block.going(way)
        node, which = int(block.starts[summands[0]]), block.which[summands]
        events = block.events.some(which[which >= 0])
        path = (block.path(way) if block.kind == "path" else None) or Path(())
        return Reason(
            value=float(block.of_ways[way]),
            kind=block.kind,
            scorer=block.scorer,
            node=None if node < 0 else self.stop(node, hidden=self._is_sensitive(events)),
            occasions=tuple(self._occasions(events)),
            stops=tuple(self._stops(path, user, crowds)),
            steps=tuple(self._steps(path)),
        )

    def doings(self, query: Query) -> dict[int, tuple[Stop, tuple[Occasion, ...]]]:
        """What the user of a query (of one row) did, by the node it touches, as it may be shown."""
        found: dict[int, list[Event]] = {}
        columns = (query.nodes.tolist(), query.kinds.tolist(), query.times.tolist())
        for position, (node, kind, time) in enumerate(zip(*columns, strict=True)):
            found.setdefault(node, []).append(Event(position, node, query.kind_names[kind], time))
        return {
            node: (self.stop(node, hidden=self._is_sensitive(events)), tuple(self._occasions(events)))
            for node, events in found.items()
        }

    def _is_sensitive(self, events: Iterable[Event]) -> bool:
        """Whether an event may not be shown, for its kind or for the type of node it touches."""
        if not self.sensitive:
            return False
        return any(event.kind in self.sensitive or self._of_sensitive_type(event.node) for event in events)

    def _of_sensitive_type(self, node: int) -> bool:
        return node != MANY and self.graph.type_of(node).name in self.sensitive

    def _occasions(self, touched: Iterable[Event]) -> Iterator[Occasion]:
        events = {event.position: event for event in touched}.values()
        kinds = {event.kind for event in events}
        for kind in sorted(kinds, key=lambda kind: (-EVENT_KINDS.get(kind, 1.0), kind)):
            own = [event for event in events if event.kind == kind]
            dated = [event.time for event in own if event.time != TIMELESS]
            last = self.day(max(dated)) if dated else None
            yield Occasion(HIDDEN if self._is_sensitive(own) else kind, len(own), last)

    def _stops(self, path: Path, user: int, crowds: Crowds) -> Iterator[Stop]:
        passed_by = crowds.stations(path) if MANY in path.nodes else [NOWHERE] * len(path.nodes)
        if passed_by is None:
            yield from self._uncounted(path)
            return
        for place, (node, passed) in enumerate(zip(path.nodes, passed_by, strict=True)):
            if node != MANY:
                yield self.stop(node, hidden=self._behind_sensitive(path, place))
            elif len(passed) == 1 and passed[0] == user:
                yield self.stop(user)
            elif len(passed):
                kind = self.graph.type_of(int(passed[0])).name
                yield self._crowd(kind, others(passed, user))
            else:
                yield Stop(HIDDEN, None)

    def _uncounted(self, path: Path) -> Iterator[Stop]:
        """The stops of a path that there is no time to walk."""
        node_type = self.graph.type_of(path.nodes[0]).name
        for place, node in enumerate(path.nodes):
            if place:
                node_type = named(self.graph, path.relations[place - 1], node_type)[0][2]
            if node != MANY:
                yield self.stop(node, hidden=self._behind_sensitive(path, place))
            else:
                yield Stop(HIDDEN if node_type in self.sensitive else node_type, None, count=None, counted=False)

    def _behind_sensitive(self, path: Path, place: int) -> bool:
        """Whether a step to or from this place is sensitive; items are what such a step is about, and stay."""
        around = path.relations[max(place - 1, 0) : place + 1]
        is_item = path.nodes[place] in self.graph.nodes[ITEM].range
        return not is_item and any(relation.removeprefix("rev_") in self.sensitive for relation in around)

    def _steps(self, path: Path) -> Iterator[Step]:
        for start, relation, end in zip(path.nodes, path.relations, path.nodes[1:], strict=False):
            if relation.removeprefix("rev_") in self.sensitive or any(map(self._of_sensitive_type, (start, end))):
                yield Step(HIDDEN)
            elif MANY in (start, end):
                yield Step(relation)
            else:
                yield Step(relation, provenance(self.graph, start, relation, end))

    def stop(self, node: int, *, hidden: bool = False) -> Stop:
        """A node as it may be shown."""
        if hidden or self._of_sensitive_type(node):
            return Stop(HIDDEN, None)
        return Stop(self.graph.type_of(node).name, self.graph.id(node), self.graph.label(node))

    def _crowd(self, node_type: str, count: int) -> Stop:
        told = counted(count, self.k_anonymous if node_type == USER else 0)
        return Stop(HIDDEN if node_type in self.sensitive else node_type, None, count=told)

    def _context(self, node: int, item: int, user: int, deadline: Deadline) -> Context:
        """Beside a link to another item: who bought both, what both have. Beside anything else: who buys the item."""
        if node != item and node in self.graph.nodes[ITEM].range:
            count = self.evidence.customers_of_both(node, item, besides=user, deadline=deadline)
            shared = tuple(
                (relation, self.stop(found))
                for relation, found in self.evidence.shared(node, item)
                if not {relation, self.graph.type_of(found).name} & self.sensitive
            )
            return Context(self._crowd(USER, count) if count else None, shared)
        count = self.evidence.recent_customers(item, besides=user)
        customers = self._crowd(USER, count) if count else None
        return Context(customers, popular=self.evidence.popular(item), days=RECENT_DAYS)

    def day(self, time: int) -> date:
        """The day of a time of the graph, UTC."""
        return datetime.fromtimestamp(self.graph.epoch + time, UTC).date()


def strongest(sizes: NDArray[np.float64], n: int | None) -> list[int]:
    """The places of the n largest, or of all, largest first; of equal ones the first."""
    if n is not None and n < len(sizes):
        least = np.partition(sizes, len(sizes) - n)[len(sizes) - n] if n else np.inf
        some = np.flatnonzero(sizes >= least)
        return some[np.argsort(-sizes[some], kind="stable")][:n].tolist()
    return np.argsort(-sizes, kind="stable").tolist()
