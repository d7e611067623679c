"""What a step found out, in the columns of a table of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir


def facts(
    rows: ir.Table,
    *,
    head: str,
    relation: Any,
    tail: Any,
    provenance: Any,
    of: str = "item",
    tail_type: str | None = None,
    confidence: Any = None,
    time: Any = None,
) -> ir.Table:
    """A fact per row, from a node of the type `of` to one of `tail_type`: one that is called like the relation.

    head            the column of `rows` that holds the ids
    relation, tail, provenance  texts: a column of `rows`, or one that is the same for all
    confidence, time            columns of `rows`
    """
    return rows.select(
        head=rows[head],
        relation=relation,
        tail=tail,
        head_type=ibis.literal(of),
        tail_type=relation if tail_type is None else ibis.literal(tail_type),
        literal=ibis.literal(value=False),
        confidence=ibis.null("float64") if confidence is None else confidence,
        provenance=ibis.literal(provenance) if isinstance(provenance, str) else provenance,
        time=ibis.null("timestamp(6)") if time is None else time,
    )
