"""From scores to chances: the monotone function that fits best what proved right.

Isotonic regression by pooling adjacent violators (Ayer et al., 1955; for calibration Zadrozny and Elkan, KDD 2002).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.linking.tfidf import Floats

_PRIOR = 2.0  # a block's share is drawn towards that of all by as many examples: none is ever quite 0 or 1


@dataclass(frozen=True, eq=False)
class Calibration:
    """A step for every block of scores: `chances` (n,) never fall as `scores` (n,), their upper ends, rise."""

    scores: Floats
    chances: Floats

    @classmethod
    def of(cls, scores: Floats, right: Floats, weights: Floats | None = None) -> Calibration:
        """From scores (n,), whether each proved right (n,) and how much each counts; without any, scores stay."""
        if not len(scores):
            return cls(np.zeros(0), np.zeros(0))
        weights = np.ones(len(scores)) if weights is None else weights
        order = np.argsort(scores, kind="stable")
        blocks: list[list[float]] = []  # weight, weight that is right, highest score
        for score, hit, weight in zip(scores[order], right[order], weights[order], strict=True):
            blocks.append([weight, weight * hit, score])
            while len(blocks) > 1 and _above(blocks[-2], blocks[-1]):
                weight_, hit_, score_ = blocks.pop()
                blocks[-1] = [blocks[-1][0] + weight_, blocks[-1][1] + hit_, score_]
        weight, hits, ends = np.array(blocks).T
        drawn = (hits + _PRIOR * hits.sum() / weight.sum()) / (weight + _PRIOR)
        return cls(ends, np.maximum.accumulate(drawn))

    def __call__(self, scores: Floats) -> Floats:
        """The chance that each is right: between the ends of two blocks, between theirs."""
        return np.interp(scores, self.scores, self.chances) if len(self.scores) else scores


def _above(before: list[float], after: list[float]) -> bool:
    """Whether the earlier block is right as often as the later one, or more, or both are of one score."""
    return before[1] * after[0] >= after[1] * before[0] or before[2] == after[2]
