"""Texts as sparse vectors of terms, weighed by how rare they are (Salton and Buckley, 1988)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

Floats = NDArray[np.float64]
Terms = Iterable[str]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Terms and their weights, log((1 + n) / (1 + texts that have it)) + 1."""

    place: dict[str, int]
    idf: Floats

    @classmethod
    def of(cls, texts: Sequence[Terms]) -> Vocabulary:
        known = Counter(term for text in texts for term in set(text))
        place = {term: number for number, term in enumerate(sorted(known))}
        counts = np.array([known[term] for term in place], dtype=np.float64)
        return cls(place, np.log((1 + len(texts)) / (1 + counts)) + 1)

    def present(self, texts: Sequence[Terms]) -> sparse.csr_matrix:
        """(texts, terms): 1 where a text has a term that is known."""
        rows = [sorted({self.place[term] for term in text if term in self.place}) for text in texts]
        indptr = np.cumsum([0, *map(len, rows)])
        indices = np.array([term for row in rows for term in row], dtype=np.int32)
        return sparse.csr_matrix((np.ones(len(indices)), indices, indptr), shape=(len(rows), len(self.place)))

    def vectors(self, texts: Sequence[Terms], emphasis: Floats | None = None) -> sparse.csr_matrix:
        """(texts, terms), each of length 1: their product is the cosine. `emphasis` multiplies the terms' weights."""
        weights = self.idf if emphasis is None else self.idf * emphasis
        weighed = self.present(texts) @ sparse.diags_array(weights)
        return unit(sparse.csr_matrix(weighed))


def unit(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Rows of length 1; an empty one stays empty."""
    length = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags_array(1 / np.where(length > 0, length, 1)) @ rows)
