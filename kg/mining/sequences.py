"""What is bought after what: rules with a direction in time.

Popular goods follow everything, and what came out in spring is bought before what came out in autumn. So the order in
which customers took two items is compared with that in which strangers did, whose purchases know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ibis
import numpy as np
from numpy.typing import NDArray

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
    calendar  how many customers took an item first on which day (n, n_days)
    before    customers who took a, then b (m,); after: who took b, then a, as soon
    last      when the last of the former took b, unix seconds (m,)
    n_ordered all purchases of one customer that follow one another as soon, of whichever two items
    """

    items: NDArray[np.object_]
    each: Counts
    calendar: NDArray[np.float64]
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
        ahead = self._within_days(self.calendar)
        forth, back = _products(self.calendar, ahead, self.a, self.b), _products(self.calendar, ahead, self.b, self.a)
        every = self.calendar.sum(axis=0)
        strangers = (every * self._within_days(every)).sum() - (self.calendar * ahead).sum()  # not of an item to itself
        scale = self.n_ordered / strangers if strangers else 0.0
        return forth * scale, back * scale

    def _within_days(self, calendar: Floats) -> Floats:
        """How many customers come in the days after each day, (…, n_days) as `calendar`."""
        n_days = calendar.shape[-1]
        until = np.concatenate([np.zeros_like(calendar[..., :1]), calendar.cumsum(axis=-1)], axis=-1)
        day = np.arange(n_days)
        return until[..., np.minimum(day + self.days + 1, n_days)] - until[..., day + 1]


def _products(rows: Floats, columns: Floats, i: Counts, j: Counts) -> Floats:
    """rows[i] · columns[j] for every pair (m,), some at a time."""
    step = max(1, _AT_ONCE // rows.shape[1])
    parts = [slice(start, start + step) for start in range(0, len(i), step)]
    return np.concatenate([np.empty(0), *(np.einsum("md,md->m", rows[i[part]], columns[j[part]]) for part in parts)])


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
        _ordered(one.filter(one.item % parts == part), one.view(), days).to_pyarrow() for part in range(parts)
    )
    a, b, before, last = (found[name].to_numpy().astype(np.int64) for name in ("a", "b", "before", "last"))
    enough = before >= fewest
    dated = one.group_by(["item", "day"]).agg(n=one.count()).to_pyarrow()
    item, day, n = (dated[name].to_numpy().astype(np.int64) for name in ("item", "day", "n"))
    start = day.min(initial=np.iinfo(np.int64).max)
    calendar = np.zeros((len(often), int(day.max(initial=start) - start) + 1))
    calendar[item, day - start] = n
    return Sequences(
        items=often["item_id"].to_numpy(zero_copy_only=False),
        each=often["n"].to_numpy().astype(np.int64),
        calendar=calendar,
        a=a[enough],
        b=b[enough],
        before=before[enough],
        after=_of_reverse(a, b, before, enough),
        last=last[enough],
        n_customers=n_customers,
        n_ordered=int(before.sum()),
        days=days,
    )


def _ordered(one: ir.Table, other: ir.Table, days: int) -> ir.Table:
    """How many customers took a (of `one`), then b (of `other`) 1 to `days` days later: a, b, before, last."""
    gap = other.day - one.day
    both = one.join(other, [one.user_id == other.user_id, one.item != other.item, gap >= 1, gap <= days])
    both = both.select(a=one.item, b=other.item, seconds=other.seconds)
    return both.group_by(["a", "b"]).agg(before=both.count(), last=both.seconds.max()).order_by(["a", "b"])


def _of_reverse(a: Counts, b: Counts, before: Counts, of: NDArray[np.bool_]) -> Counts:
    """The count of (b, a) for every pair (a, b) that is wanted; 0 where it never happened."""
    n = max(a.max(initial=0), b.max(initial=0)) + 1
    keys, wanted = a * n + b, b[of] * n + a[of]
    order = np.argsort(keys)
    place = np.searchsorted(keys[order], wanted)
    place = np.minimum(place, max(len(keys) - 1, 0))
    return np.where(keys[order][place] == wanted, before[order][place], 0)


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
