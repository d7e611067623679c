"""The pairs (user, item) that a network learns from, and how a step draws some of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.scorers.candidates import candidates
from recsys.scorers.interactions import strongest
from recsys.scorers.shapes import Batch

Floats = NDArray[np.float32]
Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs that leave something of their user's query when the item is taken out of it.

    users, targets  int64 (P,), counted within their types, by user and then by item
    edges           int64 (P,), their places among all pairs
    chances         float64 (P,), cumulative: a pair is drawn by its weight
    degrees         float32 (n_items,), the weights of all pairs by item
    items           int32 (n_edges,), the item of every pair, those that leave nothing as well
    """

    users: Index
    targets: Index
    edges: Index
    chances: NDArray[np.float64]
    degrees: Floats
    items: NDArray[np.int32]

    @classmethod
    def of(cls, graph: KnowledgeGraph, lasting: Weighting, queries: csr_array) -> Self:
        """Of each pair's strongest event as `lasting` weighs it; `queries` has a row for every user."""
        found = strongest(graph, lasting)
        found.sort_indices()  # as the bridges' are: a pair's place is the number of its edge
        taken = found.tocoo()
        others = np.diff(queries.indptr)[taken.row] > 1
        return cls(
            users=taken.row[others].astype(np.int64),
            targets=taken.col[others].astype(np.int64),
            edges=np.flatnonzero(others),
            chances=np.cumsum(taken.data[others], dtype=np.float64),
            degrees=np.asarray(found.sum(axis=0), dtype=np.float32),
            items=found.indices.astype(np.int32),
        )

    @cached_property
    def popularity(self) -> NDArray[np.float64]:
        """The chance of every item to be a target, float64 (n_items,)."""
        weights = np.diff(self.chances, prepend=0)
        return np.bincount(self.targets, weights, minlength=len(self.degrees)) / self.chances[-1]

    @cached_property
    def had(self) -> Index:
        """The items that anyone had, int64, ascending: nobody has passed over what nobody could have."""
        return np.unique(self.items).astype(np.int64)

    def drawn(self, rng: np.random.Generator, n: int) -> Index:
        """The places of n pairs, int64 (n,), ascending, perhaps some of them twice."""
        wanted = np.sort(rng.random(n)) * self.chances[-1]  # looked up in order, few of them miss the cache
        picked = np.searchsorted(self.chances, wanted, side="right")
        return picked.clip(max=len(self.chances) - 1)

    def candidates(self, rng: np.random.Generator, picked: Index, batch: Batch) -> tuple[Index, NDArray[np.float64]]:
        """Items that were had, ascending, and each one's chance to be among them: all, or some and the targets."""
        targets = np.searchsorted(self.had, self.targets[picked])
        place, chances = candidates(rng, targets, self.popularity[self.had], batch.n_candidates)
        return self.had[place], chances

    def hidden(self, rng: np.random.Generator, batch: Batch) -> NDArray[np.bool_] | None:
        """The items that pass for new in this step, bool (n_items,); None: none does.

        Volkovs et al., "DropoutNet: addressing cold start in recommender systems", NeurIPS 2017.
        """
        return rng.random(len(self.degrees)) < batch.hidden if batch.hidden else None

    def kept(
        self, rng: np.random.Generator, picked: Index, batch: Batch, hidden: NDArray[np.bool_] | None = None
    ) -> Floats | None:
        """1 for events that pass messages along in this step, 0 for others, float32 (n_edges,); None: all do."""
        if batch.own_messages and not batch.dropout and hidden is None:
            return None
        kept = (rng.random(len(self.items), dtype=np.float32) >= batch.dropout).astype(np.float32)
        if not batch.own_messages:
            kept[self.edges[picked]] = 0
        if hidden is not None:
            kept[hidden[self.items]] = 0
        return kept
