"""Where everything of an explanation's picture stands: plain numbers and labels, before any chart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from recsys.explanation.phrases import Phrases
from recsys.explanation.told import Reason, Step, Stop, Told

LineKind = Literal["event", "path", "link", "constant"]
Key = tuple[object, ...]

_USER: Key = ("user",)
_ITEM: Key = ("item",)
_EVENT_COLUMN = 1
_GAP = 0.6  # rows between what the user did and what is the same for everybody
_LOOSE = 2.0  # rows between neighbours of a column that has room


@dataclass(frozen=True)
class Place:
    """A labelled spot: `column` from the user (0) to the item, `row` from the top; `caption` says what it is."""

    key: Key
    column: int
    label: str
    caption: str
    row: float = 0.0


@dataclass(frozen=True)
class Line:
    """A step between two places with everything that flows over it; of `event` lines, what the event adds in all."""

    start: Key
    end: Key
    kind: LineKind
    relation: str
    value: float
    scorers: tuple[str, ...]


@dataclass(frozen=True)
class Drawing:
    """Paths (every line an edge), links and constants of the strongest reasons; `left_out` counts the others."""

    places: tuple[Place, ...]
    lines: tuple[Line, ...]
    n_columns: int
    n_rows: float
    left_out: int


@dataclass(frozen=True)
class Bar:
    """One step of the waterfall from `start` to `end`; `kind` also "rest" and "total"."""

    label: str
    start: float
    end: float
    kind: str

    @property
    def value(self) -> float:
        return self.end - self.start


def draw(told: Told, phrases: Phrases, n: int) -> Drawing:
    """The `n` strongest reasons as a small graph, left to right; none leads away from a node and straight back."""
    told = told.straight
    drawn = told.reasons[:n]
    item_column = max([2, *(len(reason.stops) for reason in drawn)])
    places: dict[Key, Place] = {}
    lines: dict[tuple[Key, Key, LineKind, str], Line] = {}
    for reason in drawn:
        for place in _places(reason, told, phrases, item_column):
            places.setdefault(place.key, place)
        for line in _lines(reason, told, phrases):
            name = (line.start, line.end, line.kind, line.relation)
            lines[name] = _joined(lines[name], line) if name in lines else line
    n_rows, placed = _rows(list(places.values()), list(lines.values()))
    return Drawing(placed, tuple(lines.values()), item_column + 1, n_rows, len(told.reasons) - len(drawn))


def waterfall(told: Told, phrases: Phrases, n: int) -> tuple[Bar, ...]:
    """The `n` strongest reasons that `draw` knows one after the other, the rest in one bar, the score last."""
    told = told.straight
    bars: list[Bar] = []
    reached = 0.0
    for reason in told.reasons[:n]:
        bars.append(Bar(_bar_label(reason, told, phrases), reached, reached + reason.value, reason.kind))
        reached += reason.value
    if rest := told.reasons[n:]:
        label = phrases.pattern("picture", "rest").format(count=len(rest))
        bars.append(Bar(label, reached, reached + sum(reason.value for reason in rest), "rest"))
    return (*bars, Bar(phrases.pattern("picture", "total"), 0.0, told.score, "total"))


def _bar_label(reason: Reason, told: Told, phrases: Phrases) -> str:
    if reason.stops and len(reason.stops) > 1:
        return f"{reason.scorer}: {phrases.trail(_in_short(reason))}"
    if reason.node:
        done = phrases.brief(reason.occasions[0], told.as_of)
        return (
            f"{reason.scorer}: {phrases.pattern('picture', 'doing').format(node=phrases.node(reason.node), done=done)}"
        )
    return f"{reason.scorer}: {phrases.pattern('picture', reason.kind)}"


def _in_short(reason: Reason) -> Reason:
    """The way of a path as far as the item, where all of them end; not where its facts come from."""
    return replace(reason, stops=reason.stops[:-1], steps=tuple(Step(step.relation) for step in reason.steps[:-1]))


def _name(stop: Stop, phrases: Phrases) -> str:
    return stop.label or phrases.node(stop)


def _places(reason: Reason, told: Told, phrases: Phrases, item_column: int) -> Iterator[Place]:
    yield Place(_ITEM, item_column, told.item.label, phrases.type_name(told.item.type))
    if reason.node is None:
        name = phrases.pattern("picture", reason.kind)
        yield Place(_apart(reason), _EVENT_COLUMN, reason.scorer, name)
        return
    if told.user is not None:
        yield Place(_USER, 0, told.user.label, phrases.type_name(told.user.type))
    for place, (key, stop) in enumerate(_stops(reason, told)):
        if key != _ITEM:
            caption = phrases.brief(reason.occasions[0], told.as_of) if place == 0 else phrases.type_name(stop.type)
            yield Place(key, _EVENT_COLUMN + place, _name(stop, phrases), caption if stop.id or place == 0 else "")


def _lines(reason: Reason, told: Told, phrases: Phrases) -> Iterator[Line]:
    told_by = (reason.scorer,)
    if reason.node is None:
        kind: LineKind = "link" if reason.kind == "link" else "constant"
        yield Line(_apart(reason), _ITEM, kind, "", reason.value, told_by)
        return
    keys = [key for key, _ in _stops(reason, told)]
    if told.user is not None:
        itself: LineKind = "path" if keys == [_ITEM] and reason.kind == "path" else "event"
        yield Line(_USER, keys[0], itself, phrases.relation(reason.occasions[0].kind), reason.value, told_by)
    for step, start, end in zip(reason.steps, keys, keys[1:], strict=False):
        yield Line(start, end, "path", phrases.relation(step.name), reason.value, told_by)
    if reason.kind == "link":
        yield Line(keys[0], _ITEM, "link", "", reason.value, told_by)


def _stops(reason: Reason, told: Told) -> Iterator[tuple[Key, Stop]]:
    """The stops from the event's node on; a crowd belongs to the event it is reached from."""
    event = reason.node
    for place, stop in enumerate(reason.stops or ((event,) if event else ())):
        if (stop.type, stop.id) == (told.item.type, told.item.id):
            yield _ITEM, stop
        else:
            crowd = (event, reason.steps) if stop.id is None else None
            yield (place, stop.type, stop.id, crowd), stop


def _apart(reason: Reason) -> Key:
    return ("apart", reason.kind, reason.scorer)


def _joined(first: Line, second: Line) -> Line:
    scorers = tuple(dict.fromkeys((*first.scorers, *second.scorers)))
    return replace(first, value=first.value + second.value, scorers=scorers)


def _rows(places: list[Place], lines: list[Line]) -> tuple[float, tuple[Place, ...]]:
    """Rows for all places: what the user did by strength, then what is apart; other columns beside their neighbours.

    A line straight from the user to the item (bought before) gets a row of its own among the events.
    """
    row: dict[Key, float] = {}
    events = [place.key for place in places if place.column == _EVENT_COLUMN and place.key[0] != "apart"]
    apart = [place.key for place in places if place.key[0] == "apart"]
    straight = any(line.start == _USER and line.end == _ITEM for line in lines)
    middle = len(events) // 2
    row |= {key: float(position + (straight and position >= middle)) for position, key in enumerate(events)}
    first_apart = len(events) + straight + (_GAP if events else 0)
    row |= {key: first_apart + position for position, key in enumerate(apart)}
    n_rows = max([*row.values(), 0.0]) + 1
    centre = middle if straight else (n_rows - 1) / 2
    for column in sorted({place.column for place in places} - {_EVENT_COLUMN}):
        keys = [place.key for place in places if place.column == column]
        before = {key: [row[line.start] for line in lines if line.end == key and line.start in row] for key in keys}
        keys.sort(key=lambda key: sum(before[key]) / len(before[key]) if before[key] else 0.0)
        spacing = max(1.0, min(_LOOSE, n_rows / len(keys)))
        beside = spacing / 2 if straight and len(keys) % 2 and keys not in ([_USER], [_ITEM]) else 0.0
        top = centre + beside - spacing * (len(keys) - 1) / 2
        row |= {key: top + spacing * position for position, key in enumerate(keys)}
    lowest = min(row.values(), default=0.0)
    placed = tuple(replace(place, row=row[place.key] - lowest) for place in places)
    return max((place.row for place in placed), default=0.0) + 1, placed
