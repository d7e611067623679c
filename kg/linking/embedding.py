"""Words as vectors, from the company that they keep: no text in common is needed for two to be alike.

Positive pointwise mutual information of words that stand in one text, or in the names of one target and of what lies
above it, beside the runs of letters of every word, by truncated singular value decomposition (Levy and Goldberg, 2014;
letters after Bojanowski et al., 2017):

    [PPMI | g · letters] ≈ U S Vᵀ,   a word's vector = its row of U √S, of length 1

Only the texts at hand are read: nothing is fetched, and the same texts give the same vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from kg.linking.names import letters
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats, Vocabulary
from kg.mining.phrases import Words

SIZE = 150
_SMOOTHING = 0.75  # power of a context's count: rare ones say less than they seem to
_LETTERS = 0.5  # what letters weigh beside company


@dataclass(frozen=True, eq=False)
class Embedding:
    """`vectors` (words, size) of the words of a vocabulary."""

    vocabulary: Vocabulary
    vectors: Floats

    @classmethod
    def of(cls, texts: Sequence[Words], targets: Targets, size: int = SIZE) -> Embedding:
        """From a shop's texts and the names of the targets."""
        together = [set(above) for above in targets.above_words]
        for name, target in zip(targets.names, targets.of.tolist(), strict=True):
            together[target].update(name)
        passages = [*texts, *map(sorted, together)]
        vocabulary = Vocabulary.of(passages)
        company = _ppmi(vocabulary.present(passages))
        runs = [tuple(letters((word,))) for word in vocabulary.place]
        length = np.sqrt(np.asarray(company.multiply(company).sum(axis=1)).ravel())
        weight = _LETTERS * np.maximum(length, np.median(length))
        told = sparse.hstack([company, sparse.diags_array(weight) @ Vocabulary.of(runs).vectors(runs)], "csr")
        size = min(size, min(told.shape) - 1)
        if size < 1:
            return cls(vocabulary, np.zeros((len(vocabulary.place), 1)))
        left, strength, _ = svds(told, size, v0=np.ones(min(told.shape)))
        return cls(vocabulary, _unit(left * np.sqrt(strength)))

    def __call__(self, texts: Sequence[Words]) -> Floats:
        """(texts, size): the mean of the words, the rare ones weighing more; of length 1, or 0 where none is known."""
        return _unit(self.vocabulary.vectors(texts) @ self.vectors)


def _ppmi(present: sparse.csr_matrix) -> sparse.csr_matrix:
    """(words, words): max(0, log(P(word, context) / (P(word) P(context)))), a text's pairs sharing one count a word."""
    others = np.maximum(np.asarray(present.sum(axis=1)).ravel() - 1, 1)
    counts = sparse.csr_matrix(present.T @ sparse.diags_array(1 / others) @ present)
    counts.setdiag(0)
    counts.eliminate_zeros()
    of_word = np.asarray(counts.sum(axis=1)).ravel()
    smooth = of_word**_SMOOTHING
    pairs = counts.tocoo()
    told = np.log(pairs.data * smooth.sum() / (of_word[pairs.row] * smooth[pairs.col]))
    counts = sparse.csr_matrix((np.maximum(told, 0), (pairs.row, pairs.col)), shape=counts.shape)
    counts.eliminate_zeros()
    return counts


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 1e-12, length, 1))
