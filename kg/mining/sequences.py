"""What is bought after what: rules with a direction in time.

Popular goods follow everything, and what came out in spring is bought before what came out in autumn. So the order in
which customers took two items is compared with that in which strangers did, whose purchases know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.mining.pairs import Counts
from kg.mining.rules import FEWEST, RATE, rules, strongest
from kg.mining.significance import Floats, discoveries, more_than_chance, more_than_share

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

_AT_ONCE = 1 << 22  # pairs of a customer's purchases, and days of pairs, that are looked at together
_DAY = 86_400


@dataclass(frozen=True, eq=False)
class Sequences:
    """Ordered pairs of items (m,): first a, then b at most `days` days later, by index into `items` (n,).

    each      customers of an item (n,); n_customers: of any
    calendar  how many customers took an item first on which day, csr (n, n_days)
    before    customers who took a, then b (m,); after: who took b, then a, as soon
    last      when the last of the former took b, unix seconds (m,)
    n_ordered all purchases of one customer that follow one another as soon, of whichever two items
    """

    items: NDArray[np.object_]
    each: Counts
    calendar: csr_array[np.float64]
    a: Counts
    b: Counts
    before: Counts
    after: Counts
    last: Counts
    n_customers: int
    n_ordered: int
    days: int

    @property
    def expected(self) -> tuple[Floats, Floats]:
        """How many customers would take a, then b, and b, then a, if the two had nothing to do with each other (m,).

        As often as a customer of a and any customer of b take them so, scaled to what all items together have.
        """
        every: Floats = np.asarray(self.calendar.sum(axis=0))
        each = np.arange(len(self.items))
        strangers = every @ self._soon_after(every) - self._meetings(each, each).sum()  # not of an item with itself
        scale = self.n_ordered / strangers if strangers else 0.0
        return self._meetings(self.a, self.b) * scale, self._meetings(self.b, self.a) * scale

    def _meetings(self, first: Counts, then: Counts) -> Floats:
        """The pairs of a customer of one item and one of another who comes as soon after, of whoever they are (m,)."""
        step = max(1, _AT_ONCE // self.calendar.shape[1])
        found = np.empty(len(first))
        for start in range(0, len(found), step):
            part = slice(start, start + step)
            ahead = self._soon_after(self.calendar[then[part]].toarray())
            found[part] = (self.calendar[first[part]].toarray() * ahead).sum(axis=1)
        return found

    def _soon_after(self, calendar: Floats) -> Floats:
        """How many customers come in the `days` after each day, (…, n_days) as `calendar`."""
        n_days = calendar.shape[-1]
        until = np.concatenate([np.zeros_like(calendar[..., :1]), calendar.cumsum(axis=-1)], axis=-1)
        day = np.arange(n_days)
        return until[..., np.minimum(day + self.days + 1, n_days)] - until[..., day + 1]


def firsts(events: ir.Table, kind: str) -> ir.Table:
    """When each customer first took each item: user_id, item_id, day (since 1970), seconds."""
    own = events.filter(events.kind == kind).drop_null("time")
    first = own.group_by(["user_id", "item_id"]).agg(seconds=own.time.epoch_seconds().min())
    return first.mutate(day=(first.seconds // _DAY).cast("int32"))


def count_sequences(rows: ir.Table, days: int, fewest: int = FEWEST) -> Sequences:
    """Ordered pairs of items that at least `fewest` customers took so, of `firsts`."""
    import pyarrow as pa

    sizes = rows.group_by("user_id").agg(size=rows.count().cast("float64"))
    shape = sizes.aggregate(n=sizes.count(), twos=(sizes["size"] * (sizes["size"] - 1)).sum())
    n_customers, twos = (value or 0 for value in shape.to_pyarrow().to_pylist()[0].values())
    each = rows.group_by("item_id").agg(n=rows.count())
    often = each.filter(each.n >= fewest).order_by("item_id").to_pyarrow()
    numbers = pa.array(np.arange(len(often), dtype=np.int32))
    numbered = ibis.memtable(pa.table({"item_id": often["item_id"], "item": numbers}))
    one = rows.join(numbered, "item_id").select("user_id", "item", "day", "seconds")
    parts = 1 + int(twos / 2) // _AT_ONCE
    found = pa.concat_tables(
        _orders(one.filter(one.item % parts == part), one.view(), days, fewest).to_pyarrow() for part in range(parts)
    ).sort_by([("a", "ascending"), ("b", "ascending")])
    a, b, forth, back, last_forth, last_back = (_numbers(found[name]) for name in found.column_names)
    there, here = forth >= fewest, back >= fewest
    return Sequences(
        items=often["item_id"].to_numpy(zero_copy_only=False),
        each=_numbers(often["n"]),
        calendar=_calendar(one, len(often)),
        a=np.concatenate([a[there], b[here]]),
        b=np.concatenate([b[there], a[here]]),
        before=np.concatenate([forth[there], back[here]]),
        after=np.concatenate([back[there], forth[here]]),
        last=np.concatenate([last_forth[there], last_back[here]]),
        n_customers=n_customers,
        n_ordered=_n_ordered(one, days),
        days=days,
    )


def _orders(one: ir.Table, other: ir.Table, days: int, fewest: int) -> ir.Table:
    """How many customers took a (of `one`) 1 to `days` days before b (of `other`), and after it, for items a < b.

    Columns a, b, forth, back, and when the last of each took the second item; pairs that `fewest` took in an order.
    """
    near = [one.user_id == other.user_id, one.item < other.item, (other.day - one.day).abs().between(1, days)]
    both = one.join(other, near)
    both = both.select(a=one.item, b=other.item, day=one.day, then=other.day, seconds=one.seconds, later=other.seconds)
    counted = both.group_by(["a", "b"]).agg(
        forth=(both.day < both.then).sum(),
        back=(both.day > both.then).sum(),
        last_forth=both.later.max(where=both.day < both.then),
        last_back=both.seconds.max(where=both.day > both.then),
    )
    return counted.filter((counted.forth >= fewest) | (counted.back >= fewest))


def _n_ordered(one: ir.Table, days: int) -> int:
    """All pairs of one customer's first purchases of which the second is 1 to `days` days after the first."""
    daily = one.group_by(["user_id", "day"]).agg(n=one.count())
    soon = ibis.range_window(group_by="user_id", order_by="day", following=(1, days))
    ordered = daily.mutate(later=daily.n.sum().over(soon))
    return int(ordered.aggregate(n=(ordered.n * ordered.later).sum()).to_pyarrow()["n"][0].as_py() or 0)


def _calendar(one: ir.Table, n_items: int) -> csr_array[np.float64]:
    """How many customers took each item first on each day since the first of all."""
    dated = one.group_by(["item", "day"]).agg(n=one.count()).to_pyarrow()
    item, day, n = (_numbers(dated[name]) for name in ("item", "day", "n"))
    start = day.min(initial=np.iinfo(np.int64).max)
    shape = (n_items, int(day.max(initial=start) - start) + 1)
    return csr_array((n.astype(np.float64), (item, day - start)), shape)


def _numbers(column: Any) -> Counts:
    return column.fill_null(0).to_numpy().astype(np.int64)


def successions(found: Sequences, relation: str, most: int, rate: float = RATE) -> pd.DataFrame:
    """Rules "who takes a takes b within the days after", `most` to a head.

    Kept in two steps, each with at most `rate` by chance (Benjamini and Hochberg). Of all pairs of items, those that
    more customers took within the days of each other, in whichever order, than if the two had nothing to do with each
    other (Poisson). Of these, the orders that are a larger share of both than by the calendar of either item alone
    (binomial): given how many took both, that share is independent of the first step (Bourgon, Gentleman and Huber,
    "Independent filtering increases detection power", PNAS 2010).
    """
    n = len(found.items)
    forth, back = found.expected
    both = found.before + found.after
    related = discoveries(more_than_chance(both, forth + back), n * (n - 1), rate)
    tested = np.flatnonzero(related)
    p = more_than_share(found.before[tested], both[tested], forth[tested] / (forth + back)[tested])
    ordered = discoveries(p, len(p), rate)
    kept = tested[ordered]
    a, b = found.a[kept], found.b[kept]
    each = (found.each[a], found.each[b])
    ruled = rules(
        found.items, relation, (a, b), found.before[kept], each, found.n_customers, p[ordered], found.last[kept]
    )
    return strongest(ruled, most)
