"""For every text the targets that may be meant, and what speaks for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kg.linking.names import head, letters
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats, Vocabulary
from kg.mining.phrases import Words

FEATURES = (
    "word cosine", "letter cosine", "name said", "text told", "head", "last word", "in a row",
    "above in text", "above in context", "own name", "length", "depth",
)  # fmt: skip
"""What is compared of a text and the best name of a target: cosines of words and runs of letters; the shares of the
name's and of the text's weight that they have in common; whether the name's last word is the text's head, or in it; all
of the name in a row; the words above the target in the text, and in what is known of where the item lies."""
WORDS, LETTERS, OWN = (FEATURES.index(name) for name in ("word cosine", "letter cosine", "own name"))
_BLOCK = 500  # texts at once
_EACH = 20  # candidates by each of the two cosines
_LEAST = 0.1  # of the cosine of letters


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
    """Finds candidates among the targets; `texts` are the shop's, whose words tell how rare each is."""

    def __init__(self, targets: Targets, texts: Sequence[Text]) -> None:
        self._targets = targets
        above = targets.above_words
        self._vocabulary = Vocabulary.of([*targets.names, *(text.words for text in texts)])
        self._letters = Vocabulary.of([tuple(letters(name)) for name in targets.names])
        self._names = self._vocabulary.present(targets.names)
        self._name_words = self._vocabulary.vectors(targets.names).T.tocsc()
        self._name_letters = self._letters.vectors([tuple(letters(name)) for name in targets.names]).T.tocsc()
        self._weighed = sparse.csc_matrix((self._names @ sparse.diags_array(self._vocabulary.idf)).T)
        self._total = np.asarray(self._weighed.sum(axis=0)).ravel()
        self._above = self._vocabulary.vectors(above).T.tocsc()
        place = self._vocabulary.place
        self._last = np.array([place[name[-1]] for name in targets.names])
        self._size = np.array([len(name) for name in targets.names])
        self._names_of = np.split(np.argsort(targets.of, kind="stable"), np.cumsum(np.bincount(targets.of))[:-1])
        self._depth = np.array([len(trail) for trail in targets.above])

    def __call__(
        self,
        texts: Sequence[Text],
        without: Sequence[frozenset[int]] | None = None,
        also: Sequence[frozenset[int]] | None = None,
    ) -> Candidates:
        """Candidates of texts, each without names (by number) that it is not to know, and with further targets."""
        without, also = (given or [frozenset()] * len(texts) for given in (without, also))
        parts = [
            part
            for block in (slice(start, start + _BLOCK) for start in range(0, len(texts), _BLOCK))
            for part in self._block(texts[block], without[block], also[block])
        ]
        starts = np.cumsum([0, *(len(targets) for targets, _ in parts)])
        if not parts:
            return Candidates(starts, np.zeros(0, dtype=np.int64), np.zeros((0, len(FEATURES))))
        targets, features = (np.concatenate(column) for column in zip(*parts, strict=True))
        return Candidates(starts, targets, features)

    def _block(
        self, texts: Sequence[Text], without: Sequence[frozenset[int]], also: Sequence[frozenset[int]]
    ) -> Iterator[tuple[NDArray[np.int64], Floats]]:
        said = [text.words for text in texts]
        rows = self._vocabulary.vectors(said)
        has = self._vocabulary.present(said)
        words, runs = (
            (own @ names).toarray().astype(np.float32)
            for own, names in (
                (rows, self._name_words),
                (self._letters.vectors([tuple(letters(one)) for one in said]), self._name_letters),
            )
        )
        common = (has @ self._weighed).toarray().astype(np.float32)
        told = has @ self._vocabulary.idf
        above = (rows @ self._above).toarray().astype(np.float32)
        context = self._vocabulary.vectors([text.context for text in texts])
        near = (context @ self._above).toarray().astype(np.float32)
        for place, text in enumerate(texts):
            for cosines in (words[place], runs[place]):
                cosines[list(without[place])] = 0
            names = self._best(words[place], runs[place], also[place])
            targets = self._targets.of[names]
            yield (
                targets,
                np.column_stack(
                    [
                        words[place, names],
                        runs[place, names],
                        common[place, names] / self._total[names],
                        common[place, names] / max(told[place], 1e-9),
                        self._last[names] == self._vocabulary.place.get(head(text.words), -1),
                        np.isin(self._last[names], has.indices[has.indptr[place] : has.indptr[place + 1]]),
                        [_in_a_row(self._targets.names[name], text.words) for name in names],
                        above[place, targets],
                        near[place, targets],
                        self._targets.own[names],
                        self._size[names],
                        self._depth[targets],
                    ]
                ).astype(np.float64),
            )

    def _best(self, words: NDArray[np.float32], runs: NDArray[np.float32], also: frozenset[int]) -> NDArray[np.int64]:
        """Of the targets with the highest cosines, and of others, the best name each, ties by number."""
        both = words + runs
        size = min(_EACH, len(both))
        likely = np.unique(np.concatenate([np.argpartition(-of, size - 1)[:size] for of in (words, runs, both)]))
        likely = likely[(words[likely] > 0) | (runs[likely] > _LEAST)]
        likely = np.unique(np.concatenate([likely, *(self._names_of[target] for target in sorted(also))]))
        order = likely[np.lexsort((likely, -both[likely]))]
        _, first = np.unique(self._targets.of[order], return_index=True)
        return order[np.sort(first)].astype(np.int64)


def _in_a_row(name: Words, text: Words) -> bool:
    return any(text[start : start + len(name)] == name for start in range(len(text) - len(name) + 1))
