"""Texts whose target is known, to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.linking.calibration import Calibration
from kg.linking.candidates import Candidates
from kg.linking.choice import Choice
from kg.linking.tfidf import Floats


@dataclass(frozen=True, eq=False)
class Examples:
    """Candidates of texts (m,), whether each is right (n,), and how much each text counts (m,)."""

    candidates: Candidates
    right: NDArray[np.bool_]
    counts: Floats

    @classmethod
    def of(cls, candidates: Candidates, targets: NDArray[np.int64], count: float) -> Examples:
        """Of texts the targets (m,), −1 where it is none of them."""
        return cls(candidates, candidates.targets == targets[candidates.of], np.full(len(targets), count))

    def some(self, which: NDArray[np.bool_]) -> Examples:
        """Some of the texts (m,), those alone that have a candidate."""
        sizes = np.diff(self.candidates.starts)
        which = which & (sizes > 0)
        keep = which[self.candidates.of]
        starts = np.append(0, np.cumsum(sizes[which]))
        kept = Candidates(starts, self.candidates.targets[keep], self.candidates.features[keep])
        return Examples(kept, self.right[keep], self.counts[which])

    def fitted(self) -> Choice:
        return Choice.fit(self.candidates.features, self.candidates.starts, self.right, self.counts)

    def calibrated(self, choice: Choice) -> Calibration:
        """How often the likeliest candidate of a text is right, by its chance."""
        chances = choice.chances(self.candidates.features, self.candidates.starts)
        order = np.lexsort((-chances, self.candidates.of))
        first = order[self.candidates.starts[:-1]]
        return Calibration.of(chances[first], self.right[first].astype(np.float64), self.counts)


def joined(examples: Sequence[Examples]) -> Examples:
    """Several as one."""
    sizes = np.concatenate([np.diff(one.candidates.starts) for one in examples])
    every = Candidates(
        np.append(0, np.cumsum(sizes)),
        np.concatenate([one.candidates.targets for one in examples]),
        np.vstack([one.candidates.features for one in examples]),
    )
    return Examples(
        every, np.concatenate([one.right for one in examples]), np.concatenate([one.counts for one in examples])
    )
