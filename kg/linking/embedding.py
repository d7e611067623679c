"""Words as vectors, from the company that they keep: no text in common is needed for two to be alike.

Positive pointwise mutual information of words that stand in one text, or in a name and what lies above it, beside the
runs of letters of every word, by truncated singular value decomposition (Levy and Goldberg, 2014; letters after
Bojanowski et al., 2017):

    [PPMI | g · letters] ≈ U S Vᵀ,   a word's vector = its row of U √S, of length 1

Only the texts at hand are read: nothing is fetched, and the same texts give the same vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from kg.linking.names import letters
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats, Vocabulary
from kg.mining.phrases import Words

SIZE = 150
_SMOOTHING = 0.75  # power of a context's count: rare ones say less than they seem to
_LETTERS = 0.5  # what letters weigh beside company
_MORE, _STEPS = 10, 4  # columns of the sketch beyond the size, and times that it is sharpened


@dataclass(frozen=True, eq=False)
class Embedding:
    """`vectors` (words, size) of the words of a vocabulary."""

    vocabulary: Vocabulary
    vectors: Floats

    @classmethod
    def of(cls, texts: Sequence[Words], targets: Targets, size: int = SIZE) -> Embedding:
        """From a shop's texts and the names of the targets.

        Each name is a passage of its own: two names of one target are no nearer than what they share brings them.
        """
        above = targets.above_words
        named = [{*name, *above[of]} for name, of in zip(targets.names, targets.of.tolist(), strict=True)]
        passages = [*map(set, texts), *named]
        vocabulary = Vocabulary.of(passages)
        company = ppmi(vocabulary.present(passages))
        runs = [tuple(letters((word,))) for word in vocabulary.place]
        length = np.sqrt(np.asarray(company.multiply(company).sum(axis=1)).ravel())
        weight = _LETTERS * np.maximum(length, np.median(length))
        told = sparse.hstack([company, sparse.diags_array(weight) @ Vocabulary.of(runs).vectors(runs)], "csr")
        return cls(vocabulary, _unit(_reduced(told, size)))

    def __call__(self, texts: Sequence[Words]) -> Floats:
        """(texts, size): the mean of the words, the rare ones weighing more; of length 1, or 0 where none is known."""
        return _unit(self.vocabulary.vectors(texts) @ self.vectors)


def ppmi(present: sparse.csr_matrix) -> sparse.csr_matrix:
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


def _reduced(rows: sparse.csr_matrix, size: int) -> Floats:
    """U √S (rows, ≤ size), by a sketch whose random numbers are always the same (Halko, Martinsson and Tropp, 2011)."""
    width = min(size + _MORE, *rows.shape)
    basis = np.linalg.qr(rows @ np.random.default_rng(0).standard_normal((rows.shape[1], width)))[0]
    for _ in range(_STEPS):
        basis = np.linalg.qr(rows @ np.linalg.qr(rows.T @ basis)[0])[0]
    left, strength, _ = np.linalg.svd((rows.T @ basis).T, full_matrices=False)
    return np.asarray(basis @ left[:, :size] * np.sqrt(strength[:size]))


def _unit(rows: Floats) -> Floats:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 1e-12, length, 1))
