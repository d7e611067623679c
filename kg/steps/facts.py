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
    of: Any = "item",
    tail_type: str | None = None,
    confidence: Any = None,
    time: Any = None,
) -> ir.Table:
    """A fact per row, from a node of the type `of` to one of `tail_type`: one that is called like the relation.

    head                            the column of `rows` that holds the ids
    relation, tail, provenance, of  texts: a column of `rows`, or one that is the same for all
    confidence, time                columns of `rows`
    """
    return rows.select(
        head=rows[head],
        relation=relation,
        tail=tail,
        head_type=_column(of),
        tail_type=relation if tail_type is None else ibis.literal(tail_type),
        literal=ibis.literal(value=False),
        confidence=ibis.null("float64") if confidence is None else confidence,
        provenance=_column(provenance),
        time=ibis.null("timestamp(6)") if time is None else time,
    )


def _column(text: Any) -> Any:
    return ibis.literal(text) if isinstance(text, str) else text
