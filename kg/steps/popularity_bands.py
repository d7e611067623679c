"""How sought after an item is, as a node: bands that each hold as many items."""

from __future__ import annotations

import ibis

from kg.config import Derive
from kg.steps.bands import banded
from kg.steps.facts import facts
from kg.tables import Tables

RELATION = "popularity_band"


def popularity_bands(tables: Tables, section: Derive) -> Tables:
    """A fact per item of the log: how many different users had it, but for returns, in `popularity_bands` bands.

    A band is named by its fewest and most users.
    """
    if not section.popularity_bands:
        return tables
    events = tables.events.filter(tables.events.kind != "return")
    users = events.group_by("item_id").agg(users=events.user_id.nunique())
    named = banded(users, "users", section.popularity_bands, str)
    told = named.band + ibis.literal(" users")
    return tables.with_facts(
        facts(named, head="item_id", relation=ibis.literal(RELATION), tail=told, provenance="popularity bands")
    )
