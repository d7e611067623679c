"""Several validation windows out of what lies before the test: what is best in one alone may be best by chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from typing import TYPE_CHECKING

from kg.carving import carved
from kg.columns import PART
from kg.config import Split
from kg.splitting import Windows, by_time, drawn, leave_last_out
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, eq=False)
class Carve:
    """What a graph may know, the events that it is asked about, and the moment of asking (UTC; None: each user's)."""

    known: Tables
    asked: ir.Table
    start: datetime | None = None


def carves(windows: Windows, section: Split, target_kinds: Sequence[str]) -> Iterator[Carve]:
    """The split's own validation window, then others of its kind; no event of the test is in any of them.

    By time: the windows before it, as long as it is. Leave-last-out: each user's event before those held out already.
    Given: other random parts, drawn by user, for ever; drawn by chance: other draws, for ever. Ends where a window or
    what lies before it would be empty.
    """
    yield Carve(windows.train, windows.validation, windows.validation_start)
    if section.by_chance:
        others = _drawn_again(windows, section)
    elif section.method == "given":
        others = _drawn(windows.train_validation)
    elif windows.validation_start is None:
        others = _left_out(windows.train, target_kinds)
    else:
        others = _earlier(windows)
    for carve in others:
        if _is_empty(carve.known.events) or _is_empty(carve.asked.filter(carve.asked.kind.isin(list(target_kinds)))):
            return
        yield carve


def before(windows: Windows, section: Split, target_kinds: Sequence[str]) -> Carve | None:
    """The window before the split's own validation; None where the log is too short, or its parts have no order."""
    if not section.ordered:
        return None
    return next(islice(carves(windows, section, target_kinds), 1, None), None)


def _earlier(windows: Windows) -> Iterator[Carve]:
    end, test_start = windows.validation_start, windows.test_start
    assert end is not None
    assert test_start is not None
    length = test_start - end
    while True:
        cut = by_time(windows.train, end - length, end)
        yield Carve(cut.train, cut.validation, cut.validation_start)
        end -= length


def _left_out(tables: Tables, target_kinds: Sequence[str]) -> Iterator[Carve]:
    while True:
        cut = leave_last_out(tables, target_kinds)
        tables = cut.train_validation
        yield Carve(tables, cut.test)


def _drawn_again(windows: Windows, section: Split) -> Iterator[Carve]:
    """Other draws of the same kind, as large as the validation, out of all that the test leaves."""
    for seed in count(section.seed + 1):
        other = section.model_copy(update={"seed": seed, "test_share": section.validation_share})
        cut = drawn(windows.train_validation, other)
        yield Carve(cut.train_validation, cut.test, windows.validation_start)


def _drawn(tables: Tables) -> Iterator[Carve]:
    import ibis

    seed = 0
    while True:
        seed += 1  # the data's own part may have been drawn by 0
        events = carved(tables.events.mutate(**{PART: ibis.literal("train")}), "validation", seed)
        yield Carve(tables.with_events(events.filter(events[PART] == "train")), events.filter(events[PART] != "train"))


def _is_empty(events: ir.Table) -> bool:
    return not events.count().to_pyarrow().as_py()
