"""What a step found out, in the columns of a table of facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir


def facts(rows: ir.Table, *, head: str, relation: Any, tail: Any, provenance: Any, of: Any = "item") -> ir.Table:
    """A fact per row, from a node of the type `of` to one of the type that is called like the relation.

    head  the column of `rows` that holds the ids; the others are texts: a column of `rows`, or one that is the same
          for all
    """
    return rows.select(
        head=rows[head],
        relation=relation,
        tail=tail,
        head_type=_column(of),
        tail_type=relation,
        literal=ibis.literal(value=False),
        confidence=ibis.null("float64"),
        provenance=_column(provenance),
    )


def _column(text: Any) -> Any:
    return ibis.literal(text) if isinstance(text, str) else text
