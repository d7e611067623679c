"""What is known of the items so far: their texts, and what catalogue and facts say of them."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

import ibis
import pyarrow as pa

from kg.errors import KgError
from kg.steps.facts import facts
from kg.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import ibis.expr.types as ir


def texts(tables: Tables, column: str, key: str = "derive.mined_from") -> dict[str, str]:
    """Item → what a column says of it, of several rows the first in order; items in order of their ids.

    Raises KgError naming the config's `key` and the nearest column where there is none of this name.
    """
    items = tables.items
    if column not in items.columns:
        near = get_close_matches(column, items.columns, 1)
        fix = f"Did you mean {near[0]!r}?" if near else f"There are {', '.join(items.columns)}."
        raise KgError("the items have no such column", column=key, value=column, fix=fix)
    said = items.select("item_id", text=items[column].cast("string")).drop_null("text")
    rows = said.group_by("item_id").agg(text=said["text"].min()).order_by("item_id").to_pyarrow()
    return dict(zip(rows["item_id"].to_pylist(), rows["text"].to_pylist(), strict=True))


def known(tables: Tables, attributes: Sequence[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """(item, attribute) → its values, as columns of the items and facts say, in order."""
    items, said = tables.items, tables.facts
    parts = [
        items.select(item="item_id", attribute=ibis.literal(name), value=items[name].cast("string"))
        for name in attributes
        if name in items.columns
    ]
    of_items = said.filter((said.head_type == "item") & said.relation.isin(list(attributes)))
    found = of_items.select(item="head", attribute="relation", value="tail")
    found = found.union(*parts) if parts else found
    rows = found.drop_null("value").distinct().order_by(["item", "attribute", "value"]).to_pyarrow()
    values: dict[tuple[str, str], tuple[str, ...]] = {}
    for item, attribute, value in zip(*(rows[name].to_pylist() for name in rows.column_names), strict=True):
        values[item, attribute] = (*values.get((item, attribute), ()), value)
    return values


def sure_facts(rows: Iterable[tuple[str, str, str, float, str]]) -> ir.Table:
    """Facts of items: (item, relation, value, confidence, provenance) each."""
    texts = [(name, pa.string()) for name in ("head", "relation", "tail")]
    schema = pa.schema([*texts, ("confidence", pa.float64()), ("provenance", pa.string())])
    told = [dict(zip(schema.names, row, strict=True)) for row in rows]
    found = ibis.memtable(pa.Table.from_pylist(told, schema))
    return facts(
        found,
        head="head",
        relation=found.relation,
        tail=found.tail,
        provenance=found.provenance,
        confidence=found.confidence,
    )
