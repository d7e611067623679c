"""Texts whose target is known, from people or the catalogue: what is like them is likely the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg.linking.candidates import Text
from kg.linking.names import head
from kg.linking.tfidf import Floats, Vocabulary

_NEIGHBOURS = 10
_NEVER_HEAD = 0.3  # what a word weighs that is never a head, where one that always is weighs 1.3
_BLOCK = 1000  # texts at once


@dataclass(frozen=True, eq=False)
class Votes:
    """Of texts and targets (texts, targets): the share of the nearest judged texts, and the cosine of the nearest."""

    share: sparse.csr_matrix
    nearest: sparse.csr_matrix

    def targets(self) -> list[frozenset[int]]:
        """Those that each text has a vote for."""
        own = np.split(self.share.indices, self.share.indptr[1:-1])
        return [frozenset(row.tolist()) for row in own]


@dataclass(frozen=True, eq=False)
class Judged:
    """The judged texts' `targets` (−1: none), and their vectors as columns.

    Alike are texts that share rare words, and rather those that say what a thing is: that are often heads.
    """

    targets: NDArray[np.int64]
    n_targets: int
    vocabulary: Vocabulary
    emphasis: Floats
    columns: sparse.csc_matrix

    @classmethod
    def of(cls, shop: Sequence[Text], texts: Sequence[Text], targets: NDArray[np.int64], n_targets: int) -> Judged:
        """Of all the shop's texts, those that are judged, and their targets."""
        vocabulary = Vocabulary.of([text.words for text in shop])
        emphasis = _NEVER_HEAD + _how_often_head(shop, vocabulary)
        rows = vocabulary.vectors([text.words for text in texts], emphasis)
        return cls(targets, n_targets, vocabulary, emphasis, sparse.csc_matrix(rows.T))

    def votes(self, texts: Sequence[Text], own: NDArray[np.int64] | None = None) -> Votes:
        """The ten nearest of each vote, by the squares of their cosines.

        own  (texts,): which judged text each is, −1 where it is none; it has no vote in its own case
        """
        shape = (len(texts), self.n_targets)
        if not (texts and len(self.targets)):
            return Votes(sparse.csr_matrix(shape), sparse.csr_matrix(shape))
        own = np.full(len(texts), -1) if own is None else own
        found = [self._nearest(texts[at : at + _BLOCK], own[at : at + _BLOCK]) for at in range(0, len(texts), _BLOCK)]
        judged, cosine = (np.concatenate(column) for column in zip(*found, strict=True))
        rows = np.repeat(np.arange(len(texts)), judged.shape[1])
        share = cosine**2 / np.maximum((cosine**2).sum(axis=1, keepdims=True), 1e-9)
        target = self.targets[judged].ravel()
        voting = (cosine.ravel() > 0) & (target >= 0)
        at = (rows[voting], target[voting])
        shares = sparse.csr_matrix((share.ravel()[voting], at), shape=shape)
        shares.sum_duplicates()
        highest = shares.copy()
        highest.data[:] = 0
        place = {pair: number for number, pair in enumerate(zip(*shares.tocoo().coords, strict=True))}
        numbers = np.array([place[pair] for pair in zip(*at, strict=True)], dtype=np.int64)
        np.maximum.at(highest.data, numbers, cosine.ravel()[voting])
        return Votes(shares, highest)

    def _nearest(self, texts: Sequence[Text], own: NDArray[np.int64]) -> tuple[NDArray[np.int64], Floats]:
        """Numbers of the nearest judged texts (texts, ≤ 10), and their cosines."""
        alike = (self.vocabulary.vectors([text.words for text in texts], self.emphasis) @ self.columns).toarray()
        here = np.flatnonzero(own >= 0)
        alike[here, own[here]] = 0
        order = np.argsort(-alike, axis=1, kind="stable")[:, :_NEIGHBOURS]
        return order, np.take_along_axis(alike, order, axis=1)


def _how_often_head(texts: Sequence[Text], vocabulary: Vocabulary) -> Floats:
    """The share of the texts with a word in which it is the head (words,)."""
    counts, heads = (
        np.asarray(vocabulary.present(terms).sum(axis=0)).ravel()
        for terms in ([text.words for text in texts], [(head(text.words),) for text in texts])
    )
    return heads / np.maximum(counts, 1)
