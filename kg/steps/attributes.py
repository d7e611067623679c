"""Columns of the catalogue as facts: (item, colour, red)."""

from __future__ import annotations

from difflib import get_close_matches

import ibis

from kg.config import Derive
from kg.errors import KgError
from kg.steps.facts import facts
from kg.tables import Tables


def attributes(tables: Tables, section: Derive) -> Tables:
    """Values of the columns that the config names become nodes; an item or user without a value has no fact.

    Of a column of lists every value does.

    Raises KgError naming the nearest column where there is none of this name.
    """
    for kind, columns in (("item", section.item_attributes), ("user", section.user_attributes)):
        table = tables.items if kind == "item" else tables.users
        for name in columns:
            if name not in table.columns:
                near = get_close_matches(name, table.columns, 1)
                fix = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(table.columns)}."
                raise KgError(
                    f"the {kind}s have no such column", column=f"derive.{kind}_attributes", value=name, fix=fix
                )
            given = table.filter(table[name].notnull())
            if given[name].type().is_array():
                given = given.select(f"{kind}_id", **{name: given[name].unnest()})
            said = {"relation": ibis.literal(name), "tail": given[name].cast("string"), "provenance": f"{kind}s"}
            tables = tables.with_facts(facts(given, head=f"{kind}_id", of=kind, **said))
    return tables
