"""What the steps know of the items: their attributes, which of them a rule means, when they were first sold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import TIMELESS
from recsys.errors import RecsysError
from recsys.ranking import Mask, having, listed

NONE = -1
"""Stands where an item has no (further) node."""


def codes(graph: KnowledgeGraph, attribute: str) -> NDArray[np.int64]:
    """The nodes that the relation `attribute` leads to from each item: int64 (n_items, the most of any), `NONE` pads.

    Raises RecsysError naming the attributes there are.
    """
    relation = _relation(graph, attribute)
    edges = graph.relations[relation]
    pairs = np.unique(np.column_stack([edges.sources, edges.indices]), axis=0)
    counts = np.bincount(pairs[:, 0], minlength=graph.n_items)
    found = np.full((graph.n_items, max(1, counts.max(initial=0))), NONE, dtype=np.int64)
    turn = np.arange(len(pairs)) - np.repeat(np.cumsum(counts) - counts, counts)
    found[pairs[:, 0], turn] = pairs[:, 1]
    return found


def chosen(graph: KnowledgeGraph, nodes: Iterable[str], *, strict: bool = False) -> Mask:
    """The items that a rule means, bool (n_items,): of "item:ID" that item, of "brand:NAME" all with this brand.

    A node that the graph lacks means no item; `strict`: it is an error that names the nearest.
    """
    found = np.zeros(graph.n_items, dtype=bool)
    for text in nodes:
        node_type, colon, name = text.partition(":")
        if not colon:
            raise RecsysError("a rule names its items as TYPE:NAME", value=text, fix='Such as "brand:Acme", "item:17".')
        try:
            found |= listed(graph, [name]) if node_type == ITEM else having(graph, node_type, name)
        except RecsysError:
            if strict:
                raise
    return found


def first_sold(graph: KnowledgeGraph) -> NDArray[np.float64]:
    """When each item had its first event, seconds from the epoch, float64 (n_items,).

    +∞: it has none yet; NaN: it has, but none with a time. Raises RecsysError where no event has a time.
    """
    first = np.full(graph.n_items, np.inf)
    timeless = np.zeros(graph.n_items, dtype=bool)
    for relation in graph.event_relations:
        edges = graph.relations[relation]
        dated = edges.time != TIMELESS
        np.minimum.at(first, edges.indices[dated], edges.time[dated])
        timeless[edges.indices[~dated]] = True
    if np.isinf(first).all():
        raise RecsysError("the log has no times to tell what is new by", fix="Leave the step out.")
    return np.where(np.isinf(first) & timeless, np.nan, first)


def number(graph: KnowledgeGraph, name: str) -> NDArray[np.float32]:
    """A number that the catalogue says of its items, float32 (n_items,), NaN unknown; RecsysError where it does not."""
    values = graph.features.get(ITEM, {}).get(name)
    if values is None or np.isnan(values).all():
        fix = f"Map a column of the items: [items.columns] {name} = …, or leave the step out."
        raise RecsysError(f"the catalogue says no {name}", fix=fix)
    return np.asarray(values)


def _relation(graph: KnowledgeGraph, attribute: str) -> Relation:
    known = [relation for relation in graph.relations if relation[0] == ITEM and relation[2] not in (ITEM, USER)]
    for relation in known:
        if relation[1] == attribute:
            return relation
    names = ", ".join(sorted(relation[1] for relation in known)) or "none"
    raise RecsysError("the items have no such attribute", value=attribute, fix=f"There are: {names}.")
