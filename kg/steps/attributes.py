"""Columns of the catalogue as facts: (item, colour, red)."""

from __future__ import annotations

import ibis

from kg.config import Derive
from kg.tables import Tables


def attributes(tables: Tables, section: Derive) -> Tables:
    """Values of the columns that the config names become nodes; an item or user without a value has no fact."""
    for kind, columns in (("item", section.item_attributes), ("user", section.user_attributes)):
        table = tables.items if kind == "item" else tables.users
        for name in (column for column in columns if column in table.columns):
            given = table.filter(table[name].notnull())
            facts = given.select(
                head=given[f"{kind}_id"],
                relation=ibis.literal(name),
                tail=given[name].cast("string"),
                head_type=ibis.literal(kind),
                tail_type=ibis.literal(name),
                literal=ibis.literal(value=False),
                confidence=ibis.null("float64"),
                provenance=ibis.literal(f"{kind}s"),
            )
            tables = tables.with_facts(facts)
    return tables
