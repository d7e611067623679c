"""A window of later events as a question to a graph: who came, and what did they take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.ranking import CATEGORY
from recsys.strata import categories, strata
from recsys.types import Holdout

if TYPE_CHECKING:
    import ibis.expr.types as ir


def holdout(
    graph: KnowledgeGraph,
    events: ir.Table,
    kinds: Sequence[str] = ("purchase",),
    now: int | None = None,
    *,
    cold_users: bool = True,
    category: str = CATEGORY,
    by: Sequence[str] = (),
) -> Holdout:
    """The users of `events` with what they took; only events of `kinds` are targets.

    `now` is the moment of asking in unix seconds. None: each user is asked just after the time of her own first target
    (what she took together with it and the graph kept is known), or as of the graph's own moment where it has no time.
    Items that the graph lacks cannot be ranked: they are counted and left out. Users that it lacks are rows without
    history after all others, or, with `cold_users` False, counted and left out too. `category` is the node type that
    tells items apart, `by` are those that tell users apart, beside how much they have done. Raises RecsysError where
    nothing remains, and for a node type the graph lacks.
    """
    wanted = events.filter(events.kind.isin(list(kinds)))
    first = wanted.time.epoch_seconds().min()
    pairs = wanted.group_by(["user_id", "item_id"]).agg(events=wanted.count(), first=first).to_pyarrow()
    names, counts = pairs["user_id"].to_numpy(), pairs["events"].to_numpy()
    users = graph.nodes[USER].ids.to_index(names)
    items = graph.nodes[ITEM].ids.to_index(pairs["item_id"].to_numpy())
    left_out = {"pairs_with_unknown_items": int((items < 0).sum()), "unknown_users": len(set(names[users < 0]))}
    kept = (items >= 0) & (cold_users | (users >= 0))
    if not kept.any():
        there = ", ".join(sorted({name for _, name, _ in graph.event_relations}))
        fix = f"Move the split, or name the kinds of event to recommend in `shop.target_kinds`; the log has {there}."
        if len(graph.nodes[USER]) == 1:
            fix = "The log has one user: its graph can be looked at, but ranking is learned from several."
        raise RecsysError("no event of the window can be asked of the graph", value=", ".join(kinds), fix=fix)
    # the graph's users by index, then those it lacks by id: the order of rows in `events` never matters
    place, row = np.unique(np.where(users >= 0, users, _after_all(graph, names, users))[kept], return_inverse=True)
    targets = csr_array((counts[kept].astype(np.float32), (row, items[kept])), (len(place), graph.n_items))
    asked = np.where(place < graph.n_users, place, -1)
    if now is None:
        times = pairs["first"].to_numpy(zero_copy_only=False)[kept]
        moments = _own_moments(graph, times.astype(np.float64), row)
    else:
        moments = np.full(len(place), now - graph.epoch)
    query = graph.query(asked, moments)
    had = popularity(graph)
    wanted_items = np.bincount(targets.indices, minlength=graph.n_items) > 0
    return Holdout(
        query,
        targets,
        tuple(kinds),
        had,
        graph.n_users,
        left_out,
        candidates=None if had[wanted_items].any() else wanted_items,
        categories=categories(graph, category),
        strata=strata(graph, query, by),
    )


def _own_moments(graph: KnowledgeGraph, times: NDArray[np.float64], row: NDArray[np.int64]) -> NDArray[np.int64]:
    """The second after each row's first of `times` (unix seconds, NaN: none), counted from the epoch: int64 (B,)."""
    first = np.full(int(row.max()) + 1, np.inf)
    np.fmin.at(first, row, times)
    return np.where(np.isinf(first), graph.now, np.where(np.isinf(first), 0, first) + 1 - graph.epoch).astype(np.int64)


def _after_all(graph: KnowledgeGraph, names: NDArray[Any], users: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number beyond the graph's users for each unknown name; 0 for the known."""
    unknown = users < 0
    numbers = np.zeros(len(names), dtype=np.int64)
    numbers[unknown] = graph.n_users + np.unique(names[unknown].astype(str), return_inverse=True)[1]
    return numbers


def popularity(graph: KnowledgeGraph) -> NDArray[np.int64]:
    """How many users had an event with each item, int64 (n_items,); returns do not count."""
    touched: Any = csr_array((graph.n_users, graph.n_items), dtype=np.int32)
    for relation in graph.event_relations:
        if Weighting().of_kind(relation[1]):
            edges = graph.relations[relation]
            ones = np.ones(len(edges), dtype=np.int32)
            touched = touched + csr_array((ones, edges.indices, edges.indptr), touched.shape)
    return np.bincount(touched.indices, minlength=graph.n_items)
