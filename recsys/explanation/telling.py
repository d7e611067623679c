"""From contributions in numbers to reasons in names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import cached_property

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import EVENT_KINDS, TIMELESS, Query
from recsys.explanation.evidence import RECENT_DAYS, Evidence, others, provenance
from recsys.explanation.steps import NOWHERE, stations
from recsys.explanation.told import HIDDEN, Context, Occasion, Reason, Step, Stop, Told
from recsys.types import MANY, Contribution, Event, Explanation, Path

_KeyPath = tuple[tuple[int, ...], tuple[str, ...]]
_Key = tuple[str, str, int | None, _KeyPath]


@dataclass(frozen=True, eq=False)
class Teller:
    """Tells explanations of one graph.

    k_anonymous  fewer other customers than this are "a few"; none is ever named
    sensitive    node types and relations that are never shown
    detail       how many reasons, from the strongest on, get a context
    """

    graph: KnowledgeGraph
    k_anonymous: int = 5
    sensitive: frozenset[str] = field(default=frozenset())
    detail: int = 30

    def tell(self, explanation: Explanation, n: int | None = None) -> Told:
        """The explanation grouped by scorer, node of the query, and path or link; strongest first.

        With `n` only so many reasons: what the others are is not looked up.
        """
        user, item = explanation.user, explanation.item
        groups: dict[_Key, list[Contribution]] = {}
        for part in explanation.contributions:
            groups.setdefault(self._key(part, user), []).append(part)
        strongest = sorted(groups.items(), key=lambda group: -abs(sum(part.value for part in group[1])))[:n]
        reasons = [self._reason(key, parts, user) for key, parts in strongest]
        for place, ((_, kind, node, _), _) in enumerate(strongest[: self.detail]):
            if kind != "path":
                reasons[place] = replace(reasons[place], context=self._context(node, item, user))
        own = None if user < 0 else self.stop(user)
        told = (own, self.stop(item), explanation.score, explanation.additive, tuple(reasons))
        return Told(*told, as_of=self.day(self.graph.now), new=self.evidence.new(item))

    @cached_property
    def evidence(self) -> Evidence:
        return Evidence(self.graph)

    def _key(self, part: Contribution, user: int) -> _Key:
        """What is told together; other customers in a path become one `MANY`."""
        nodes: tuple[int, ...] = part.path.nodes if part.path and part.kind == "path" else ()
        users = self.graph.nodes[USER].range
        nodes = tuple(MANY if node in users and node != user else node for node in nodes)
        relations = part.path.relations if part.path and nodes else ()
        return part.scorer, part.kind, part.event.node if part.event else None, (nodes, relations)

    def _reason(self, key: _Key, parts: list[Contribution], user: int) -> Reason:
        scorer, _, node, (nodes, relations) = key
        path = Path(nodes, relations)
        return Reason(
            value=sum(part.value for part in parts),
            kind=parts[0].kind,
            scorer=scorer,
            node=None if node is None else self.stop(node, hidden=self._is_sensitive(part.event for part in parts)),
            occasions=tuple(self._occasions(part.event for part in parts if part.event)),
            stops=tuple(self._stops(path, user)),
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

    def _is_sensitive(self, events: Iterable[Event | None]) -> bool:
        """Whether an event may not be shown, for its kind or for the type of node it touches."""
        touched = [event for event in events if event is not None]
        return any(event.kind in self.sensitive or self._of_sensitive_type(event.node) for event in touched)

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

    def _stops(self, path: Path, user: int) -> Iterator[Stop]:
        passed_by = stations(self.graph, path) if MANY in path.nodes else [NOWHERE] * len(path.nodes)
        for place, (node, passed) in enumerate(zip(path.nodes, passed_by, strict=True)):
            if node != MANY:
                yield self.stop(node, hidden=self._behind_sensitive(path, place))
            elif passed.tolist() == [user]:
                yield self.stop(user)
            elif len(passed):
                kind = self.graph.type_of(int(passed[0])).name
                yield self._crowd(kind, others(passed, user))
            else:
                yield Stop(HIDDEN, None)

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
        few = node_type == USER and count < self.k_anonymous
        return Stop(HIDDEN if node_type in self.sensitive else node_type, None, count=None if few else count)

    def _context(self, node: int | None, item: int, user: int) -> Context:
        """Beside a link to another item: who bought both, what both have. Beside anything else: who buys the item."""
        if node is not None and node != item and node in self.graph.nodes[ITEM].range:
            count = self.evidence.customers_of_both(node, item, besides=user)
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
