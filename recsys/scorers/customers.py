"""Who ties two items: the customers that had both, by the kinds of their events. They are counted, never named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.edges import gather
from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.linear import Weighed
from recsys.scorers.interactions import strongest_of, weighing
from recsys.summands import MANY, Summands

_TINY = np.finfo(np.float64).tiny


def kinds_of(graph: KnowledgeGraph, weighting: Weighting, X: csr_array) -> tuple[tuple[str, ...], NDArray[np.int16]]:
    """The kinds of event that weigh, and which of them gave every entry of `strongest`, X in order: int16 (nnz,).

    Of equally strong ones the first by name.
    """
    relations = sorted(weighing(graph, weighting))
    codes = np.zeros(X.nnz, dtype=np.int16)
    if len(relations) > 1:
        codes[:] = -1
        places = _places(X)
        for code, relation in enumerate(relations):
            own = strongest_of(graph, relation, weighting)
            own.eliminate_zeros()
            entries = np.searchsorted(places, _places(own))
            given = entries[own.data >= X.data[entries]]
            codes[given[codes[given] < 0]] = code
    return tuple(relation[1] for relation in relations), codes


@dataclass(frozen=True, eq=False)
class Customers:
    """What the customers of every item count for, and the kind of event each became one by.

    had     csr float32 (n_items, n_users); codes int16 (nnz,): which of the `kinds`
    first   the node of the first item
    """

    had: csr_array
    codes: NDArray[np.int16]
    kinds: Sequence[str]
    first: int

    def tied(
        self, scorer: str, events: Weighed, item: int, rows: NDArray[np.int64], worth: NDArray[np.float64]
    ) -> Iterator[Summands]:
        """Ties to an item as walks to the customers who had both, and on to it; those by each kind of event apart.

        rows  int64 (w,): which of the nodes touched are tied to it, and how closely, `worth` float64 (w,): as the sum
              over the customers of both of what they count for in either
        """
        if len(self.kinds) > 1:
            shares, counts = self._divided(events, item)
        else:  # there is nothing to divide; whoever is told of the customers has them counted in the graph
            shares, counts = np.ones((len(events.touched), 1, 1)), np.zeros((len(events.touched), 1, 1), np.int64)
        for begun, ended in product(range(len(self.kinds)), repeat=2):
            some = np.flatnonzero(shares[rows, begun, ended])
            if len(some):
                told = rows[some]
                ends = np.full((len(told), 2), (MANY, self.first + item))
                nodes = np.column_stack([events.touched[told], ends])
                relations = (f"rev_{self.kinds[begun]}", self.kinds[ended])
                values = worth[some] * shares[told, begun, ended]
                yield events.summands(scorer, "path", told, values, nodes, relations, counts[told, begun, ended])

    def _divided(self, events: Weighed, item: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """By the kinds of what they did to the nodes touched and to the item: its share of each tie; their number."""
        shape = (len(events.touched), len(self.kinds), len(self.kinds))
        places, entries = events.once("customers", lambda: gather(self.had.indptr, events.touched - self.first))
        users = events.once("users", lambda: self.had.indices[entries])
        own = slice(int(self.had.indptr[item]), int(self.had.indptr[item + 1]))
        counts_for = np.zeros(self.had.shape[1])
        counts_for[self.had.indices[own]] = self.had.data[own]
        both = np.flatnonzero(counts_for[users])
        kind = np.zeros(self.had.shape[1], dtype=np.int64)
        kind[self.had.indices[own]] = self.codes[own]
        ways = np.ravel_multi_index((places[both], self.codes[entries[both]], kind[users[both]]), shape)
        products = self.had.data[entries[both]] * counts_for[users[both]]
        size = int(np.prod(shape))
        sums = np.bincount(ways, products, size).reshape(shape)
        whole = np.maximum(sums.sum(axis=(1, 2), keepdims=True), _TINY)
        return sums / whole, np.bincount(ways, minlength=size).reshape(shape)


def _places(X: csr_array) -> NDArray[np.int64]:
    """Where every entry stands, the rows one after the other, int64 (nnz,)."""
    return np.repeat(np.arange(X.shape[0], dtype=np.int64), np.diff(X.indptr)) * X.shape[1] + X.indices
