"""Triples of a published knowledge graph as facts; what is an item there is an item here."""

from __future__ import annotations

from typing import Any

ENTITY = "entity"  # the type of all nodes that are no items: such files do not tell them apart


def facts(heads: Any, relations: Any, tails: Any, items: tuple[Any, Any], provenance: str) -> Any:
    """An Arrow table with the columns of `kg.columns.FACTS`, of Arrow arrays of text.

    `items` says of every head and of every tail whether it is an item (boolean arrays).
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    types = [pc.if_else(is_item, "item", ENTITY) for is_item in items]
    n = len(heads)
    return pa.table(
        {
            "head": heads,
            "relation": relations,
            "tail": tails,
            "head_type": types[0],
            "tail_type": types[1],
            "literal": pa.repeat(pa.scalar(value=False), n),
            "confidence": pa.nulls(n, pa.float64()),
            "provenance": pa.repeat(provenance, n),
        }
    )
