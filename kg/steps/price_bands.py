"""How dear an item is, as a node: bands that each hold as many items."""

from __future__ import annotations

import ibis

from kg.config import Derive
from kg.steps.bands import banded
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
    named = banded(known, "price", section.price_bands, "{:.2f}".format)
    found = facts(named, head="item_id", relation=ibis.literal(RELATION), tail=named.band, provenance="price bands")
    return tables.with_facts(found)
