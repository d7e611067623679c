"""From numbers to an order: the only place that filters and cuts to k.

A filter is a mask over the items, bool (n_items,), True where an item may be shown; masks are joined with `&`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, KnowledgeGraph
from kg.query import Query
from recsys.blocks import blocks
from recsys.errors import RecsysError
from recsys.topk import is_wide
from recsys.topk import top as top
from recsys.types import Recommendations, Scorer, Scores

Mask = NDArray[np.bool_]
BROADER = "broader"
CATEGORY = "category"


def rank(
    scores: Scores,
    k: int,
    *,
    excluded: csr_array[np.float32] | None = None,
    allowed: Mask | None = None,
    users: NDArray[Any] | None = None,
) -> Recommendations:
    """The k best items of every row; of equal scores the lower index first.

    `excluded` csr (B, n_items): per row, items that may not be shown; `allowed` bool (n_items,): the only ones that
    may. A score of NaN is never shown. `users` (B,) are the ids the rows belong to. `scores` stays as it is.
    """
    users = np.full(len(scores), "", dtype=object) if users is None else users
    if allowed is not None:
        columns = np.append(np.flatnonzero(allowed), -1)
        own = None if excluded is None else excluded[:, columns[:-1]]
        found = rank(scores.take(columns[:-1], axis=1), k, excluded=own, users=users)
        return replace(found, items=columns[found.items])  # −1 stays −1
    if is_wide(scores, k) and scores.flags.writeable:
        with _without(scores, excluded):
            items = top(scores, k)
            best = np.take_along_axis(scores, items, axis=1)
    else:
        kept = masked(scores, excluded=excluded)
        items = top(kept, k)
        best = np.take_along_axis(kept, items, axis=1)
    shown = best > -np.inf  # NaN is not
    padding = ((0, 0), (0, k - items.shape[1]))
    return Recommendations(
        np.pad(np.where(shown, items, -1), padding, constant_values=-1),
        np.pad(np.where(shown, best, np.float32(np.nan)), padding, constant_values=np.nan),
        users,
    )


@contextmanager
def _without(scores: Scores, excluded: csr_array[np.float32] | None) -> Iterator[None]:
    """The scores, −∞ in the place of what is excluded as long as they are looked at: a copy would take longer."""
    if excluded is None:
        yield
        return
    places = np.repeat(np.arange(len(scores)), np.diff(excluded.indptr)), excluded.indices
    known = scores[places]
    scores[places] = -np.inf
    try:
        yield
    finally:
        scores[places] = known


def masked(scores: Scores, *, excluded: csr_array[np.float32] | None = None, allowed: Mask | None = None) -> Scores:
    """A copy of the scores, −∞ for all that may not be shown."""
    kept = np.where(np.isnan(scores), np.float32(-np.inf), scores)
    if allowed is not None:
        kept[:, ~allowed] = -np.inf
    if excluded is not None:
        kept[np.repeat(np.arange(len(kept)), np.diff(excluded.indptr)), excluded.indices] = -np.inf
    return kept


def recommend(
    scorer: Scorer,
    query: Query,
    k: int,
    *,
    exclude_kinds: tuple[str, ...] = (),
    allowed: Mask | None = None,
    users: NDArray[Any] | None = None,
) -> Recommendations:
    """The k best items for every row of a query, in blocks; items seen by an event of `exclude_kinds` are left out."""
    users = np.full(len(query), "", dtype=object) if users is None else users
    parts = []
    for rows in blocks(len(query), len(query.items)):
        part = query.take(rows)
        excluded = part.seen(exclude_kinds) if exclude_kinds else None
        parts.append(rank(scorer.score(part), k, excluded=excluded, allowed=allowed, users=users[rows]))
    return Recommendations(
        np.concatenate([part.items for part in parts] or [np.empty((0, k), np.int64)]),
        np.concatenate([part.scores for part in parts] or [np.empty((0, k), np.float32)]),
        users,
    )


def listed(graph: KnowledgeGraph, item_ids: Iterable[str]) -> Mask:
    """These items alone; an unknown one is an error."""
    ids = list(item_ids)
    index = graph.nodes[ITEM].ids.to_index(ids)
    if (index < 0).any():
        raise RecsysError("no such item", value=ids[int(np.argmin(index))], fix="Name ids of the catalogue.")
    mask = np.zeros(graph.n_items, dtype=bool)
    mask[index] = True
    return mask


def available(graph: KnowledgeGraph) -> Mask:
    """Items that can be bought now; one that the catalogue does not speak of is left in."""
    features = graph.features.get(ITEM, {})
    if "available" not in features:
        raise RecsysError(
            "the graph does not know what is available", fix="Give the items `available`, or drop the filter."
        )
    return np.asarray(features["available"], dtype=bool)


def priced(graph: KnowledgeGraph, low: float = 0.0, high: float = float("inf")) -> Mask:
    """Items of low ≤ price ≤ high, in the shop's currency; one without a price is left out."""
    if not low <= high:
        fix = "Give the lower price first."
        raise RecsysError("no price is in this range", value=f"{low:g} to {high:g}", fix=fix)
    features = graph.features.get(ITEM, {})
    if "price" not in features or np.isnan(features["price"]).all():
        raise RecsysError("the graph knows no prices", fix="Give the items a price, or drop the filter.")
    return np.asarray((features["price"] >= low) & (features["price"] <= high))


def in_category(graph: KnowledgeGraph, category: str) -> Mask:
    """Items of a category, named by id or label, and of all that lie below it along `broader`."""
    if CATEGORY not in graph.nodes:
        raise RecsysError("the graph has no categories", fix="Give the items a category, or drop the filter.")
    return having(graph, CATEGORY, category)


def having(graph: KnowledgeGraph, node_type: str, name: str) -> Mask:
    """Items with a fact that leads to a node, named by id or label, or to one that lies below it along `broader`."""
    if node_type not in graph.nodes:
        known = ", ".join(sorted(set(graph.nodes)))
        raise RecsysError("no such node type in the graph", value=node_type, fix=f"There are {known}.")
    wanted = _named(graph, node_type, name)
    tree = (node_type, BROADER, node_type)
    if tree in graph.relations:
        below, grown = graph.matrix(tree), wanted
        while grown.any():
            grown = (below @ grown.astype(np.float32) > 0) & ~wanted
            wanted = wanted | grown
    of_items = [graph.matrix(relation) for relation in graph.relations if relation[::2] == (ITEM, node_type)]
    if not of_items:
        return np.zeros(graph.n_items, dtype=bool)
    return np.asarray(sum(matrix @ wanted.astype(np.float32) for matrix in of_items) > 0)


def _named(graph: KnowledgeGraph, node_type: str, name: str) -> Mask:
    nodes = graph.nodes[node_type]
    ids, labels = nodes.ids.ids.astype(str), nodes.labels.astype(str)
    found = ids == name
    if not found.any():
        found = np.array([label.casefold() == name.casefold() for label in labels], dtype=bool)
    if not found.any():
        near = get_close_matches(name, list(dict.fromkeys([*labels, *ids])), n=3)
        fix = f"Did you mean {', '.join(near)}?" if near else f"There are: {', '.join(sorted(labels)[:10])} …"
        raise RecsysError(f"no such {node_type}", value=name, fix=fix)
    return np.asarray(found)
