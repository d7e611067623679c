"""Items related to items by what customers did: bought together, one after the other, viewed together, substitutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ibis

from kg.config import Derive
from kg.mining.between import EVIDENCE, between
from kg.steps.facts import facts
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd


def relations(tables: Tables, section: Derive) -> Tables:
    """A fact item → item for every rule of the kinds in `relations`; its confidence is the rule's.

    The provenance says what the rule is drawn from and of which days; the time is the last that speaks for it.
    """
    if not section.relations:
        return tables
    rules = between(tables, section.relations, section.relations_per_item, section.then_bought_days)
    return tables.with_facts(as_facts(rules, tables.events))


def as_facts(rules: pd.DataFrame, events: ir.Table) -> ir.Table:
    """Rules between items as facts."""
    import pyarrow as pa

    days = period(events)
    of = {kind: f"rules over {evidence}{days}" for kind, evidence in EVIDENCE.items()}
    told = rules[["head", "relation", "tail", "confidence", "time"]].assign(provenance=rules["relation"].map(of))
    schema = pa.schema(
        [(name, pa.string()) for name in ("head", "relation", "tail", "provenance")]
        + [("confidence", pa.float64()), ("time", pa.timestamp("us"))]
    )
    rows = ibis.memtable(pa.Table.from_pandas(told[schema.names], schema, preserve_index=False))
    return facts(
        rows,
        head="head",
        relation=rows.relation,
        tail=rows.tail,
        provenance=rows.provenance,
        tail_type="item",
        confidence=rows.confidence,
        time=rows.time,
    )


def period(events: ir.Table) -> str:
    """The days that a log spans: ", 2024-03-01 to 2024-03-31"; empty where it has no times."""
    day = events.time.strftime("%Y-%m-%d")
    first, last = events.aggregate(first=day.min(), last=day.max()).to_pyarrow().to_pylist()[0].values()
    return f", {first} to {last}" if first else ""
