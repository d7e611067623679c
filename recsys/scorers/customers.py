"""Who ties two items: the customers that had both, by the kinds of their events. They are counted, never named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import Weighed
from recsys.scorers.interactions import strongest_of, weighing
from recsys.scorers.ways import Entries
from recsys.summands import MANY, Summands

_TINY = np.finfo(np.float64).tiny


def kinds_of(graph: KnowledgeGraph, weighting: Weighting, X: csr_array) -> dict[str, NDArray[np.bool_]]:
    """Which entries of `strongest`, csr (n_users, n_items) in order, each kind of event gave: bool (nnz,) by its name.

    Every entry is one kind's: of equally strong ones the first by name.
    """
    relations = weighing(graph, weighting)
    if len(relations) == 1:
        return {relations[0][1]: np.ones(X.nnz, dtype=bool)}
    places = _places(X)
    free, found = np.ones(X.nnz, dtype=bool), {}
    for relation in sorted(relations):
        own = strongest_of(graph, relation, weighting)
        own.eliminate_zeros()
        entries = np.searchsorted(places, _places(own))
        given = np.zeros(X.nnz, dtype=bool)
        given[entries[own.data >= X.data[entries]]] = True
        found[relation[1]] = given & free
        free &= ~given
    return found


def tied(
    scorer: str,
    events: Weighed,
    kinds: Sequence[str],
    had: Sequence[csr_array],
    first: int,
    item: int,
    rows: NDArray[np.int64],
    worth: NDArray[np.float64],
) -> Iterator[Summands]:
    """Ties between items as walks from one to the customers who had both, and on to the other; each kind's apart.

    kinds  the kinds of event that count
    had    of each of several kinds what each customer of an item counts for: csr float32 (n_items, n_users)
    first  the node of the first item; `item` is told, counted from it
    rows   int64 (w,): which of the nodes touched are tied to it, and how closely, `worth` float64 (w,); what ties them
           is the sum over the customers of both of what they count for in either. Of one kind nothing is to be divided,
           so they are not counted: there are thousands, and whoever is told of them has them counted in the graph.
    """
    for begun, ended, shares, counts in _divided(events, kinds, had, first, item):
        some = shares[rows] > 0
        told = rows[some]
        nodes = np.column_stack([events.touched[told], np.full(len(told), MANY), np.full(len(told), first + item)])
        relations = (f"rev_{begun}", ended)
        yield events.summands(scorer, "path", told, worth[some] * shares[told], nodes, relations, counts[told])


def _divided(
    events: Weighed, kinds: Sequence[str], had: Sequence[csr_array], first: int, item: int
) -> Iterator[tuple[str, str, NDArray[np.float64], NDArray[np.int64]]]:
    """What customers did to the nodes touched (n,), then to the item; its share of each tie and their number, (n,)."""
    if len(kinds) == 1:
        n = len(events.touched)
        yield kinds[0], kinds[0], np.ones(n), np.zeros(n, np.int64)
        return
    theirs = events.once("had", lambda: [Entries.of(matrix, events.touched - first) for matrix in had])
    ways = [
        (begun, ended, *entries.added_up(_row(matrix, item)))
        for begun, entries in zip(kinds, theirs, strict=True)
        for ended, matrix in zip(kinds, had, strict=True)
    ]
    total = np.maximum(sum(products for _, _, products, _ in ways), _TINY)
    for begun, ended, products, counts in ways:
        yield begun, ended, products / total, counts


def _row(matrix: csr_array, row: int) -> NDArray[np.float64]:
    """One row in full, float64 (n_columns,)."""
    entries = slice(int(matrix.indptr[row]), int(matrix.indptr[row + 1]))
    full = np.zeros(matrix.shape[1])
    full[matrix.indices[entries]] = matrix.data[entries]
    return full


def _places(X: csr_array) -> NDArray[np.int64]:
    """Where every entry stands, the rows one after the other, int64 (nnz,)."""
    return np.repeat(np.arange(X.shape[0], dtype=np.int64), np.diff(X.indptr)) * X.shape[1] + X.indices
