"""One spelling of every column name, its type and its meaning."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Type = Literal["string", "float64", "timestamp", "boolean"]


@dataclass(frozen=True)
class Column:
    """A column of a canonical table; a `required` one may not hold a null. Where it is absent it is the `default`."""

    name: str
    type: Type
    meaning: str
    required: bool = False
    default: str | bool | None = None


EVENTS = (
    Column("user_id", "string", "who", required=True),
    Column("item_id", "string", "with what", required=True),
    Column(
        "kind",
        "string",
        "view, cart, purchase, rating, return or the shop's own word",
        required=True,
        default="purchase",
    ),
    Column("time", "timestamp", "when, UTC"),
    Column("value", "float64", "what a rating says, on the shop's scale"),
    Column("quantity", "float64", "how many; of a return: how many came back, positive"),
    Column("price", "float64", "of one piece, in the shop's currency"),
    Column("session_id", "string", "the visit, basket or invoice it belongs to"),
    Column("origin", "string", "the source it was read from"),
)

ITEMS = (
    Column("item_id", "string", "the shop's id", required=True),
    Column("title", "string", "what people read"),
    Column("description", "string", "longer text"),
    Column("brand", "string", "maker or label"),
    Column("category", "string", "its place in a taxonomy: a path 'A > B > C', or the id of a taxonomy node"),
    Column("price", "float64", "today's price in the shop's currency"),
    Column("available", "boolean", "whether it can be bought now"),
    Column("stock", "float64", "how many pieces can be sold now"),
    Column("margin", "float64", "what is earned on one piece, in the shop's currency"),
)

USERS = (Column("user_id", "string", "the shop's id", required=True),)

FACTS = (
    Column("head", "string", "id of a node", required=True),
    Column("relation", "string", "what joins them", required=True),
    Column("tail", "string", "id of a node, or a literal's text", required=True),
    Column("head_type", "string", "node type of the head", required=True),
    Column("tail_type", "string", "node type of the tail; of a literal: its datatype", required=True),
    Column("literal", "boolean", "whether the tail is a value, not a node", required=True, default=False),
    Column("confidence", "float64", "0 … 1"),
    Column("provenance", "string", "the source or rule it comes from"),
    Column("time", "timestamp", "of a derived one: the last event that speaks for it, UTC"),
)

TRIPLES = tuple(replace(each, required=each.required and not each.name.endswith("_type")) for each in FACTS)
"""Facts as a file tells them: without types, they are what `kg.sources.facts` finds them to be."""

LINKS = (
    Column("item_id", "string", "the shop's id", required=True),
    Column("uri", "string", "what facts call the item", required=True),
)

TABLES = {"events": EVENTS, "items": ITEMS, "users": USERS, "facts": FACTS}
"""The canonical tables; each may carry further columns of the shop's own, except facts."""

PART = "part"
"""The column of events that says which part of a given split they belong to: one of `PARTS`."""
PARTS = ("train", "validation", "test")

RAW = {**TABLES, "facts": TRIPLES, "links": LINKS}
"""The tables that are read from files."""
