"""How dear an item is, as a node: bands that each hold as many items."""

from __future__ import annotations

import ibis

from kg.config import Derive
from kg.steps.bands import banded, spoken
from kg.steps.facts import facts
from kg.steps.prices import paid
from kg.tables import Tables

RELATION = "price_band"


def price_bands(tables: Tables, section: Derive) -> Tables:
    """A fact per item with a price: the catalogue's, else the median of what was paid; `price_bands` bands by quantile.

    A band is named by its lowest and highest price. Items of one price lie in one band, so there may be fewer bands.
    """
    if not section.price_bands:
        return tables
    items = tables.items
    listed = items.filter(items.price > 0).group_by("item_id").agg(listed=items.price.min())
    known = paid(tables.events).outer_join(listed, "item_id")
    known = known.select(
        item_id=ibis.coalesce(known.item_id, known.item_id_right), price=ibis.coalesce(known.listed, known.paid)
    )
    named = banded(known, "price", section.price_bands)
    told = spoken(named, _told)
    found = facts(named, head="item_id", relation=ibis.literal(RELATION), tail=told, provenance="price bands")
    return tables.with_facts(found)


def _told(price: ibis.expr.types.FloatingValue) -> ibis.expr.types.StringValue:
    """A price with two decimals."""
    return price.cast("decimal(18, 2)").cast("string")
