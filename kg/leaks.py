"""Events of a test that tell their own answer: what stands before the cut too, in the same words or nearly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.columns import EVENTS, PART

if TYPE_CHECKING:
    import ibis.expr.types as ir

NEAR = 3600
"""Seconds within which two events of a user and an item are likely to be one, told twice."""
_WORDS = 20  # letters of a text in the mean, from which on two users or two days do not write it by chance
_PAIR = ("user_id", "item_id")


def leaks(before: ir.Table, test: ir.Table, kinds: tuple[str, ...]) -> dict[str, int]:
    """How many events of `test`, of these kinds, `before` has already.

    pairs  different pairs of user and item that are before, too: repeats, where people buy again
    near   events with one of the same user and item within `NEAR` of it
    texts  events whose user wrote the same long text before, of another item: one review under twin products
    """
    before, test = (events.filter(events.kind.isin(kinds)) for events in (before, test))
    pairs = test.select(*_PAIR).distinct().semi_join(before, _PAIR)
    found = {"pairs": _count(pairs), "near": _count(_near(before, test)), "texts": 0}
    for column in _texts(test):
        known = before.filter(before[column].length() >= _WORDS).select("user_id", column, other="item_id")
        twins = test.join(known.distinct(), ["user_id", column]).filter(lambda rows: rows.item_id != rows.other)
        found["texts"] += _count(twins.select(*_PAIR, column).distinct())
    return found


def _near(before: ir.Table, test: ir.Table) -> ir.Table:
    """Pairs and moments of test that come within `NEAR` of one of before."""
    earlier = before.select(*_PAIR, earlier=before.time.epoch_seconds())
    later = test.select(*_PAIR, later=test.time.epoch_seconds()).distinct()
    both = later.join(earlier, list(_PAIR))
    return both.filter((both.later - both.earlier).abs() <= NEAR).select(*_PAIR, "later").distinct()


def _texts(events: ir.Table) -> list[str]:
    """The log's own columns of long texts."""
    known = {column.name for column in EVENTS} | {PART}
    own = [name for name, kind in events.schema().items() if name not in known and kind.is_string()]
    lengths = events.aggregate(**{name: events[name].length().mean() for name in own}).to_pyarrow() if own else None
    return [name for name in own if (lengths[name][0].as_py() or 0) >= _WORDS] if lengths else []


def _count(rows: Any) -> int:
    return int(rows.count().to_pyarrow().as_py())
