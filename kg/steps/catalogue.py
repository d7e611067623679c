"""The catalogue that a log carries: what its events say of their items and users, again and again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import ibis
from ibis import _ as row

from kg.config import Derive
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir


def catalogue(tables: Tables, _: Derive) -> Tables:
    """Items and users with what the columns `item_…` and `user_…` of the events say most often.

    What the shop's own tables say comes first.
    """
    for kind in ("item", "user"):
        tables = _carried(tables, kind)
    return tables


def _carried(tables: Tables, kind: str) -> Tables:
    events, key, prefix = tables.events, f"{kind}_id", f"{kind}_"
    carried = [name for name in events.columns if name.startswith(prefix) and name != key]
    if not carried:
        return tables
    rows = events.select(key).distinct()
    for name in carried:
        counted = events.filter(events[name].notnull()).group_by([key, name]).agg(n=row.count())
        best = counted.group_by(key).agg(best=row.n.max())
        frequent = counted.join(best, [key, ("n", "best")]).group_by(key).agg(row[name].min().name(name[len(prefix) :]))
        rows = rows.left_join(frequent, key).select(*rows.columns, name[len(prefix) :])
    old = tables.items if kind == "item" else tables.users
    return replace(tables, **{f"{kind}s": _filled(old, rows, key)})


def _filled(known: ir.Table, more: ir.Table, key: str) -> ir.Table:
    """Rows of both tables; what the first says of a row stays, the second fills its gaps.

    What does not fit the first one's types ("12 pounds" as a price) is a gap.
    """
    schema = dict(more.schema()) | dict(known.schema())
    more = more.mutate(**{name: more[name].try_cast(schema[name]) for name in more.columns})
    parts = []
    for place, table in enumerate((known, more)):
        absent = {name: ibis.null(kind) for name, kind in schema.items() if name not in table.columns}
        parts.append(table.mutate(**absent, _place=ibis.literal(place)).select(*schema, "_place"))
    both = parts[0].union(parts[1])
    said = {
        name: ibis.coalesce(*(both[name].min(where=both._place == place) for place in (0, 1)))
        for name in schema
        if name != key
    }
    return both.group_by(key).agg(**said)
