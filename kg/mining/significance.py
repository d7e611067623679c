"""Which of very many findings are more than chance.

Benjamini and Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def more_than_chance(count: NDArray[np.int64], expected: Floats) -> Floats:
    """P(X ≥ count) of a Poisson X: float64, as `count`, which is at least 1.

    Sums of rare independent events, of whatever chances, are tighter than a Poisson: it errs on the safe side.
    """
    from scipy.special import gammainc

    return np.asarray(gammainc(count, expected))  # the regularised lower gamma function is that tail


def more_than_share(count: NDArray[np.int64], of: NDArray[np.int64], share: Floats) -> Floats:
    """P(X ≥ count) of a binomial X of `of` trials, each with chance `share`: float64, as `count`; 1 where it is 0."""
    from scipy.special import betainc

    some = np.maximum(count, 1)
    return np.where(count > 0, betainc(some, np.maximum(of - count, 0) + 1, share), 1.0)


def discoveries(p: Floats, n_tests: float, rate: float) -> NDArray[np.bool_]:
    """The findings to keep so that at most `rate` of them are chance, of `n_tests` of which those not given have p 1.

    Benjamini and Hochberg's step-up rule: all up to the largest p(i) ≤ rate · i / n_tests.
    """
    order = np.argsort(p, kind="stable")
    below = np.flatnonzero(p[order] <= rate * np.arange(1, len(p) + 1) / max(n_tests, 1))
    kept = np.zeros(len(p), dtype=bool)
    kept[order[: below[-1] + 1 if len(below) else 0]] = True
    return kept
