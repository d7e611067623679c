"""Queries that differ from one person's in a few events, and where an item then stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.blocks import blocks
from recsys.errors import RecsysError
from recsys.ranking import Mask
from recsys.types import Scorer, Scores


def without_each(query: Query, node_sets: Sequence[tuple[int, ...]]) -> Query:
    """A row for each set of nodes: the query (of one row) without any event on them."""
    return without_events(query, [np.isin(query.nodes, nodes) for nodes in node_sets])


def without_events(query: Query, gone: Sequence[NDArray[np.bool_]]) -> Query:
    """A row for each choice of events, bool (E,): the query (of one row) without them."""
    copies = query.take(np.zeros(len(gone), dtype=np.int64))
    return copies.without(np.flatnonzero(np.concatenate([*gone, np.empty(0, bool)])))


def with_each(query: Query, node_sets: NDArray[np.int64], kind: str) -> Query:
    """A row for each set of nodes (B, m): the query (of one row) and an event of that kind with each, just now."""
    if kind not in query.kind_names:
        raise RecsysError("the query knows no such event", value=kind, fix=f"There are {', '.join(query.kind_names)}.")
    n_before, (n_rows, m) = len(query.nodes), node_sets.shape
    copies = query.take(np.zeros(n_rows, dtype=np.int64))
    ends = np.repeat(np.arange(1, n_rows + 1) * n_before, m)

    def extended(column: NDArray[Any], values: Any) -> NDArray[Any]:
        return np.insert(column, ends, np.broadcast_to(values, n_rows * m).astype(column.dtype))

    return replace(
        copies,
        indptr=copies.indptr + m * np.arange(n_rows + 1),
        nodes=extended(copies.nodes, node_sets.ravel()),
        kinds=extended(copies.kinds, query.kind_names.index(kind)),
        times=extended(copies.times, query.now[0]),
        quantities=extended(copies.quantities, 1),
    )


def scored(scorer: Scorer, query: Query, allowed: Mask | None) -> Scores:
    """Scores float32 (B, n_items), −∞ for what is no candidate or nobody has an opinion of; scored block by block."""
    parts = [scorer.score(query.take(rows)) for rows in blocks(len(query), len(query.items))]
    scores = np.concatenate([*parts, np.empty((0, len(query.items)), np.float32)])
    scores[np.isnan(scores)] = -np.inf
    if allowed is not None:
        scores[:, ~allowed] = -np.inf
    return scores


def ranks(scores: Scores, item: int) -> NDArray[np.int64]:
    """The place of an item in every row, from 1; of equal scores the lower index first."""
    own = scores[:, [item]]
    before = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) < item))
    return np.count_nonzero(before, axis=1) + 1
