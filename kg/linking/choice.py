"""Which of several candidates a thing is, or none of them: a conditional logit (McFadden, 1974).

    P(candidate c | thing) = exp(w · x_c) / (exp(b) + Σ_c' exp(w · x_c'))

where b speaks for "none". Fitted by maximum likelihood with a small ridge on w over standardised features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from kg.linking.tfidf import Floats

_RIDGE = 1e-3
_STEPS = 200


@dataclass(frozen=True, eq=False)
class Choice:
    """Weights of the standardised features (d,), and of none of the candidates."""

    weights: Floats
    none: float
    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, features: Floats, starts: NDArray[np.int64], right: NDArray[np.bool_], counts: Floats) -> Choice:
        """From candidates (n, d), whether each is right, and things (m,), each with one candidate or more.

        starts  (m + 1,): a thing's candidates are those from its start up to the next one's; where none is right, the
                right answer is none
        counts  (m,): how much each thing counts
        """
        mean, scale = features.mean(axis=0), features.std(axis=0)
        standard = (features - mean) / np.where(scale > 0, scale, 1)
        sizes, first = np.diff(starts), starts[:-1]
        good = right.astype(np.float64)
        none = np.add.reduceat(good, first) == 0
        share = counts / counts.sum()

        def loss(w: Floats) -> tuple[float, Floats]:
            score = standard @ w[:-1]
            top = np.maximum(np.maximum.reduceat(score, first), w[-1])
            each, neither = np.exp(score - np.repeat(top, sizes)), np.exp(w[-1] - top)
            all_ = np.add.reduceat(each, first) + neither
            hit = np.where(none, neither, np.add.reduceat(each * good, first))
            value = -(share * np.log(np.maximum(hit / all_, 1e-300))).sum()
            wanted = each * good / np.repeat(np.where(none, 1, np.maximum(hit, 1e-300)), sizes)
            slope = np.repeat(share, sizes) * (each / np.repeat(all_, sizes) - wanted)
            gradient = np.append(standard.T @ slope + 2 * _RIDGE * w[:-1], (share * (neither / all_ - none)).sum())
            return float(value + _RIDGE * (w[:-1] ** 2).sum()), gradient

        found = minimize(
            loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS}
        )
        return cls(found.x[:-1], float(found.x[-1]), mean, np.where(scale > 0, scale, 1))

    def chances(self, features: Floats, starts: NDArray[np.int64]) -> Floats:
        """The probability of every candidate (n,)."""
        if not len(features):
            return np.zeros(0)
        sizes, first = np.diff(starts), starts[:-1]
        some = sizes > 0
        score = (features - self.mean) / self.scale @ self.weights
        top = np.maximum(np.maximum.reduceat(score, first[some]), self.none)
        each = np.exp(score - np.repeat(top, sizes[some]))
        all_ = np.add.reduceat(each, first[some]) + np.exp(self.none - top)
        return each / np.repeat(all_, sizes[some])
