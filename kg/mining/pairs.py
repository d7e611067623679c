"""Which items lie in one basket, and how often: counted by the engine, judged elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import ibis.expr.types as ir

Counts = NDArray[np.int64]

LARGEST_BASKET = 200
"""Different items; a larger basket (a wholesaler's, a crawler's) says little of any pair and costs its square."""

_AT_ONCE = 1 << 22  # pairs in baskets that are counted at a time: bounds the memory


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of items a < b (m,) by index into `items` (n,), which are those in at least as many baskets as was asked.

    each        baskets with an item (n,)
    together    baskets with both (m,); customers: how many different people's those are (m,)
    last        when they last lay in one, unix seconds (m,); −1 where the log has no times
    n_baskets   baskets of any size; expected_at: Σ s(s − 1) / (Σ s)² over their sizes s, see `expected`
    """

    items: NDArray[np.object_]
    each: Counts
    a: Counts
    b: Counts
    together: Counts
    customers: Counts
    last: Counts
    n_baskets: int
    expected_at: float

    @property
    def expected(self) -> NDArray[np.float64]:
        """How many baskets would hold both by chance (m,), given how often each is bought and how large baskets are.

        n_a · n_b · Σ s(s − 1) / (Σ s)²: items fall into the places of baskets (Chung and Lu, "Connected components in
        random graphs with given expected degree sequences", 2002). With n_a · n_b / N a few large baskets would make
        nearly every pair look meant for one another.
        """
        return self.each[self.a].astype(np.float64) * self.each[self.b] * self.expected_at


def baskets(events: ir.Table, kind: str) -> ir.Table:
    """The different items of every basket of a kind of event: basket, user_id, item_id, seconds (null without times).

    A basket is a `session_id`; where an event has none, a user's day; where it has no time either, it is in none.
    Baskets of more than `LARGEST_BASKET` items are left out.
    """
    own = events.filter(events.kind == kind)
    day = ibis.literal("day ") + own.time.strftime("%Y-%m-%d ") + own.user_id
    basket = ibis.coalesce(ibis.literal("session ") + own.session_id, day)
    rows = own.select("item_id", "user_id", basket=basket, seconds=own.time.epoch_seconds())
    rows = rows.filter(rows.basket.notnull()).group_by(["basket", "item_id"])
    rows = rows.agg(user_id=ibis._.user_id.min(), seconds=ibis._.seconds.max())
    sized = rows.mutate(size=rows.count().over(ibis.window(group_by="basket")))
    return sized.filter(sized.size <= LARGEST_BASKET).drop("size")


def count_pairs(rows: ir.Table, fewest: int) -> Pairs:
    """Pairs that at least `fewest` customers had in one of the baskets (`baskets`), among all items in as many."""
    import pyarrow as pa

    sizes = rows.group_by("basket").agg(size=rows.count().cast("float64"))
    shape = sizes.aggregate(
        n=sizes.count(), places=sizes["size"].sum(), twos=(sizes["size"] * (sizes["size"] - 1)).sum()
    )
    n_baskets, places, twos = (value or 0 for value in shape.to_pyarrow().to_pylist()[0].values())
    each = rows.group_by("item_id").agg(n=rows.count())
    often = each.filter(each.n >= fewest).order_by("item_id").to_pyarrow()
    numbers = pa.array(np.arange(len(often), dtype=np.int32))
    numbered = ibis.memtable(pa.table({"item_id": often["item_id"], "item": numbers}))
    one = rows.join(numbered, "item_id").select("basket", "user_id", "item", "seconds")
    parts = 1 + int(twos / 2) // _AT_ONCE
    found = pa.concat_tables(
        _together(one.filter(one.item % parts == part), one.view(), fewest).to_pyarrow() for part in range(parts)
    ).sort_by([("a", "ascending"), ("b", "ascending")])
    return Pairs(
        items=often["item_id"].to_numpy(zero_copy_only=False),
        each=_counts(often["n"]),
        **{name: _counts(found[name]) for name in ("a", "b", "together", "customers", "last")},
        n_baskets=n_baskets,
        expected_at=twos / places**2 if places else 0.0,
    )


def _together(one: ir.Table, other: ir.Table, fewest: int) -> ir.Table:
    """Pairs a < b, a of `one`, that at least `fewest` customers had together: a, b, together, customers, last."""
    both = one.join(other, [one.basket == other.basket, one.item < other.item])
    both = both.select(a=one.item, b=other.item, user_id=one.user_id, seconds=one.seconds)
    counted = both.group_by(["a", "b"]).agg(
        together=both.count(), customers=both.user_id.nunique(), last=both.seconds.max()
    )
    return counted.filter(counted.customers >= fewest)


def _counts(column: Any) -> Counts:
    """A column of whole numbers, −1 where there is none."""
    return column.fill_null(-1).to_numpy().astype(np.int64)
