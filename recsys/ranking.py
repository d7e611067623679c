"""From numbers to an order: the only place that filters and cuts to k.

A filter is a mask over the items, bool (n_items,), True where an item may be shown; masks are joined with `&`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, KnowledgeGraph
from kg.query import Query
from recsys.errors import RecsysError
from recsys.types import Recommendations, Scorer, Scores

Mask = NDArray[np.bool_]
BLOCK_BYTES = 1 << 27
"""Scores held at once: 128 MiB stays far from any memory limit and is large enough to be quick."""
_CHUNK = 64  # scores whose maximum is taken first: a row of few chunks is quicker partitioned whole

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
    kept = masked(scores, excluded=excluded, allowed=allowed)
    items = top(kept, k)
    best = np.take_along_axis(kept, items, axis=1)
    shown = best > -np.inf
    padding = ((0, 0), (0, k - items.shape[1]))
    return Recommendations(
        np.pad(np.where(shown, items, -1), padding, constant_values=-1),
        np.pad(np.where(shown, best, np.float32(np.nan)), padding, constant_values=np.nan),
        np.full(len(scores), "", dtype=object) if users is None else users,
    )


def masked(scores: Scores, *, excluded: csr_array[np.float32] | None = None, allowed: Mask | None = None) -> Scores:
    """A copy of the scores, −∞ for all that may not be shown."""
    kept = np.where(np.isnan(scores), np.float32(-np.inf), scores)
    if allowed is not None:
        kept[:, ~allowed] = -np.inf
    if excluded is not None:
        kept[np.repeat(np.arange(len(kept)), np.diff(excluded.indptr)), excluded.indices] = -np.inf
    return kept


def top(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """Places of the k highest values of every row (all, where there are fewer), best first, ties to the lower index.

    `scores` (B, n) without NaN; int64 (B, min(k, n)).
    """
    n = scores.shape[1]
    if n >= _CHUNK * k > 0:
        return _top_of_wide(scores, k)
    chosen = np.broadcast_to(np.arange(n), scores.shape)
    if k < n:
        threshold = np.partition(scores, n - k, axis=1)[:, n - k, None]
        kept = scores >= threshold
        counts = np.count_nonzero(kept, axis=1)
        for row in np.flatnonzero(counts > k):
            equal = np.flatnonzero(scores[row] == threshold[row])
            kept[row, equal[k - counts[row] :]] = False
        chosen = np.nonzero(kept)[1].reshape(-1, k)
    order = np.argsort(-np.take_along_axis(scores, chosen, axis=1), axis=1, kind="stable")
    return np.take_along_axis(chosen, order, axis=1)


def _top_of_wide(scores: NDArray[np.floating[Any]], k: int) -> NDArray[np.int64]:
    """`top` of rows of at least k chunks, in about one pass over memory.

    The k-th highest of the chunks' maxima is a bound: at least k values reach it, and fewer than k chunks hold any
    above it.
    """
    n_rows, n = scores.shape
    whole = n - n % _CHUNK
    maxima = scores[:, :whole].reshape(n_rows, -1, _CHUNK).max(axis=2)
    if whole < n:
        maxima = np.column_stack([maxima, scores[:, whole:].max(axis=1)])
    place = maxima.shape[1] - k
    bounds = np.partition(maxima, place, axis=1)[:, place]
    best = np.empty((n_rows, k), dtype=np.int64)
    for row, (values, bound) in enumerate(zip(scores, bounds, strict=True)):
        chosen = np.flatnonzero(values > bound)
        if (missing := k - len(chosen)) > 0:
            chosen = np.sort(np.concatenate([chosen, np.flatnonzero(values == bound)[:missing]]))
        best[row] = chosen[np.argsort(-values[chosen], kind="stable")[:k]]
    return best


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


def blocks(n_rows: int, n_items: int, n_scorers: int = 1) -> Iterator[slice]:
    """Slices of rows whose scores, of all scorers together, fit into `BLOCK_BYTES`."""
    size = max(1, BLOCK_BYTES // (4 * max(n_items, 1) * max(n_scorers, 1)))
    for start in range(0, n_rows, size):
        yield slice(start, min(start + size, n_rows))


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
