"""What an item costs, where the catalogue does not say: the median of what was paid for one piece."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis

from kg.config import Derive
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


def prices(tables: Tables, _: Derive) -> Tables:
    """Items with a `price`, wherever the catalogue or the events have one; the catalogue comes first."""
    items = tables.items
    known = paid(tables.events)
    joined = items.left_join(known, "item_id")
    priced = joined.mutate(price=ibis.coalesce(joined.price, joined.paid)).select(*items.columns)
    absent = {name: ibis.null(kind) for name, kind in items.schema().items() if name not in ("item_id", "price")}
    unlisted = known.anti_join(items, "item_id").rename(price="paid").mutate(**absent).select(*items.columns)
    return replace(tables, items=priced.union(unlisted))


def paid(events: ir.Table) -> ir.Table:
    """The median of what was paid for each item: item_id, paid; none for what was only ever free or returned.

    The mean of the two prices in the middle, found by counting: what engines call a median differs in its last bits.
    """
    bought = events.filter((events.kind != "return") & (events.price > 0))
    counted = bought.group_by("item_id", "price").agg(times=bought.count())
    of_item = ibis.window(group_by="item_id")
    upwards = ibis.window(group_by="item_id", order_by="price", preceding=None, following=0)
    counted = counted.mutate(until=counted.times.sum().over(upwards), n=counted.times.sum().over(of_item))
    before = counted.until - counted.times
    middle = counted.filter((counted.until * 2 >= counted.n) & (before * 2 <= counted.n))
    return middle.group_by("item_id").agg(paid=(middle.price.min() + middle.price.max()) / 2)
