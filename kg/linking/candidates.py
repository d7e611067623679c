"""For every text the targets that may be meant, and what speaks for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg.linking.embedding import Embedding
from kg.linking.names import head, letters
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats, Vocabulary
from kg.mining.phrases import Words

FEATURES = (
    "word cosine", "letter cosine", "name said", "text told", "head", "noun", "in a row",
    "above in text", "above in context", "own name", "length", "depth", "meaning",
)  # fmt: skip
"""What is compared of a text and the best name of a target: cosines of words and runs of letters; the shares of the
name's and of the text's weight that they have in common; whether the name's noun is the text's head, or in it; all
of the name in a row; the words above the target in the text, and in what is known of where the item lies; the cosine of
meanings, where words have vectors."""
WORDS, LETTERS, OWN = (FEATURES.index(name) for name in ("word cosine", "letter cosine", "own name"))
_EACH = 20  # candidates by each of the cosines
_LEAST = 0.1  # of the cosine of letters
_WHOLE = 1 - 1e-9
_BLOCK = 256  # texts that are compared with all names at once


@dataclass(frozen=True)
class Text:
    """The words of a text, and of what says where its item lies (its category, its maker)."""

    words: Words
    context: Words = ()


@dataclass(frozen=True, eq=False)
class Candidates:
    """Of texts (m,) candidates (n,), text by text: `starts` (m + 1,), `targets` (n,), `features` (n, d)."""

    starts: NDArray[np.int64]
    targets: NDArray[np.int64]
    features: Floats

    @property
    def of(self) -> NDArray[np.int64]:
        """The text of every candidate (n,)."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))


class Search:
    """Finds candidates among the targets; `texts` are the shop's, whose words tell how rare each is.

    embedding  also finds what has no word in common; without one, meanings are not compared
    """

    def __init__(self, targets: Targets, texts: Sequence[Text], embedding: Embedding | None = None) -> None:
        self._targets = targets
        self._vocabulary = Vocabulary.of([*targets.names, *(text.words for text in texts)])
        runs = [tuple(letters(name)) for name in targets.names]
        self._letters = Vocabulary.of(runs)
        self._name_words = sparse.csr_matrix(self._vocabulary.vectors(targets.names).T)
        self._name_letters = sparse.csr_matrix(self._letters.vectors(runs).T)
        self._weighed = sparse.csr_matrix(
            self._vocabulary.present(targets.names) @ sparse.diags_array(self._vocabulary.idf)
        )
        self._total = np.asarray(self._weighed.sum(axis=1)).ravel()
        self._above = self._vocabulary.vectors(targets.above_words)
        self._size = np.array([len(name) for name in targets.names])
        self._depth = np.array([len(trail) for trail in targets.above])
        self._embedding = embedding
        self._meanings = self._meant(targets.names)
        self._names_of = np.split(np.argsort(targets.of, kind="stable"), np.cumsum(np.bincount(targets.of))[:-1])

    def __call__(
        self,
        texts: Sequence[Text],
        without: Sequence[frozenset[int]] | None = None,
        also: Sequence[frozenset[int]] | None = None,
    ) -> Candidates:
        """Candidates of texts, each without names (by number) that it is not to know, and with further targets."""
        nothing = [frozenset[int]()] * len(texts)
        without, also = without or nothing, also or nothing
        said = [text.words for text in texts]
        rows = self._vocabulary.vectors(said)
        words = sparse.csr_matrix(rows @ self._name_words)
        runs = sparse.csr_matrix(self._letters.vectors([tuple(letters(one)) for one in said]) @ self._name_letters)
        meant = self._meant(said)
        near = self._nearest(meant)
        found = [self._best(words[at], runs[at], near[at], without[at], also[at]) for at in range(len(texts))]
        starts = np.cumsum([0, *map(len, found)])
        names = np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
        of = np.repeat(np.arange(len(texts)), np.diff(starts))
        targets = self._targets.of[names]
        common = _products(self._vocabulary.present(said), of, self._weighed, names)
        share = common / self._total[names]
        context = self._vocabulary.vectors([text.context for text in texts])
        told = self._vocabulary.present(said) @ self._vocabulary.idf
        heads, sets = [head(one) for one in said], [frozenset(one) for one in said]
        last = [self._targets.nouns[name] for name in names]
        features = np.column_stack(
            [
                values_at(words, of, names),
                values_at(runs, of, names),
                share,
                common / np.maximum(told[of], 1e-9),
                [word == heads[text] for word, text in zip(last, of, strict=True)],
                [word in sets[text] for word, text in zip(last, of, strict=True)],
                [
                    part > _WHOLE and in_a_row(self._targets.names[name], said[text])
                    for part, name, text in zip(share, names, of, strict=True)
                ],
                _products(rows, of, self._above, targets),
                _products(context, of, self._above, targets),
                self._targets.own[names],
                self._size[names],
                self._depth[targets],
                np.einsum("ij,ij->i", meant[of], self._meanings[names]),
            ]
        )
        return Candidates(starts, targets, features.astype(np.float64))

    def _meant(self, texts: Sequence[Words]) -> Floats:
        """The meaning of every text (texts, size): size 0 without an embedding."""
        return np.zeros((len(texts), 0)) if self._embedding is None else self._embedding(texts)

    def _nearest(self, meant: Floats) -> NDArray[np.int64]:
        """The names whose meanings are nearest to those of texts (texts, ≤ 20)."""
        n_near = min(_EACH, len(self._meanings) - 1) if meant.shape[1] else 0
        near = np.zeros((len(meant), n_near), dtype=np.int64)
        for at in range(0, len(meant) if n_near else 0, _BLOCK):
            alike = meant[at : at + _BLOCK] @ self._meanings.T
            near[at : at + _BLOCK] = np.argpartition(-alike, n_near, axis=1)[:, :n_near]
        return near

    def _best(
        self,
        words: sparse.csr_matrix,
        runs: sparse.csr_matrix,
        near: NDArray[np.int64],
        without: frozenset[int],
        also: frozenset[int],
    ) -> NDArray[np.int64]:
        """Of the targets with the highest cosines, of those near in meaning and of others, the best name each.

        The highest cosines first, ties by number. What has a word in common has its letters too, so that all are among
        those with letters in common.
        """
        further = [self._names_of[target] for target in sorted(also)]
        names = np.unique(np.concatenate([runs.indices, near, *further])).astype(np.int64)
        if without:
            names = names[~np.isin(names, list(without))]
        by_word, by_letter = (_aligned(own, names) for own in (words, runs))
        both = by_word + by_letter
        likely = np.zeros(len(names), dtype=bool)
        for cosines in (by_word, by_letter, both):
            likely[np.argpartition(-cosines, _EACH)[:_EACH] if len(names) > _EACH else slice(None)] = True
        likely &= (by_word > 0) | (by_letter > _LEAST)
        likely |= np.isin(names, near)
        if further:
            likely |= np.isin(names, np.concatenate(further))
        kept, sums = names[likely], both[likely]
        order = kept[np.lexsort((kept, -sums))]
        _, first = np.unique(self._targets.of[order], return_index=True)
        return order[np.sort(first)]


def in_a_row(name: Words, text: Words) -> bool:
    """Whether the words of a name stand in a text one after the other."""
    return any(text[start : start + len(name)] == name for start in range(len(text) - len(name) + 1))


def _aligned(row: sparse.csr_matrix, columns: NDArray[np.int64]) -> Floats:
    """The values of one sparse row at columns in order."""
    found = np.zeros(len(columns))
    here = np.isin(row.indices, columns)
    found[np.searchsorted(columns, row.indices[here])] = row.data[here]
    return found


def values_at(matrix: sparse.csr_matrix, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Floats:
    """The values of a sparse matrix at places (n,)."""
    return np.asarray(matrix[rows, columns]).ravel() if len(rows) else np.zeros(0)


def _products(
    left: sparse.csr_matrix, rows: NDArray[np.int64], right: sparse.csr_matrix, others: NDArray[np.int64]
) -> Floats:
    """The product of a row of one matrix and one of the other, pair by pair."""
    return np.asarray(left[rows].multiply(right[others]).sum(axis=1)).ravel()
