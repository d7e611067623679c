"""What is derived from the events of one window, so that no graph sees the future."""

from __future__ import annotations

from dataclasses import replace

import ibis
from ibis import _

from kg.config import Derive
from kg.tables import Tables


def derive(tables: Tables, section: Derive) -> Tables:
    """The catalogue that the log carries, net purchases, and attributes as facts, in this order."""
    tables = catalogue(tables, "item")
    tables = catalogue(tables, "user")
    if section.returns:
        tables = returns(tables)
    tables = attributes(tables, "item", section.item_attributes)
    return attributes(tables, "user", section.user_attributes)


def catalogue(tables: Tables, kind: str) -> Tables:
    """Rows of items (or users) from the columns `item_…` (`user_…`) of the events: each one's most frequent value."""
    events, key, prefix = tables.events, f"{kind}_id", f"{kind}_"
    carried = [name for name in events.columns if name.startswith(prefix) and name != key]
    if not carried:
        return tables
    rows = events.select(key).distinct()
    for name in carried:
        counted = events.filter(events[name].notnull()).group_by([key, name]).agg(n=_.count())
        best = counted.group_by(key).agg(best=_.n.max())
        frequent = counted.join(best, [key, ("n", "best")]).group_by(key).agg(_[name].min().name(name[len(prefix) :]))
        rows = rows.left_join(frequent, key).select(*rows.columns, name[len(prefix) :])
    old = tables.items if kind == "item" else tables.users
    absent = {name: ibis.null(old[name].type()) for name in old.columns if name not in rows.columns}
    rows = rows.mutate(**absent)
    return replace(tables, **{f"{kind}s": rows})


def returns(tables: Tables) -> Tables:
    """Purchases weigh the share that was kept: 1 − quantity returned / quantity bought of the pair, at least 0."""
    events = tables.events
    pair = ["user_id", "item_id"]
    back = events.filter(events.kind == "return").group_by(pair).agg(back=events.quantity.fill_null(1).sum())
    bought = events.filter(events.kind == "purchase").group_by(pair).agg(bought=events.quantity.fill_null(1).sum())
    kept = back.join(bought, pair).mutate(kept=1.0)
    kept = kept.mutate(kept=(1 - kept.back / kept.bought).clip(lower=0)).select(*pair, "kept")
    joined = events.left_join(kept, pair)
    value = (joined.kind == "purchase").ifelse(joined.kept.fill_null(1.0), joined.value)
    return tables.with_events(joined.mutate(value=value).select(*events.columns))


def attributes(tables: Tables, kind: str, columns: tuple[str, ...]) -> Tables:
    """Values of these columns as nodes: (item, colour, red)."""
    table = tables.items if kind == "item" else tables.users
    for name in columns:
        if name not in table.columns:
            continue
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
