"""How sure a mean over users is, and whether one ranking is really better than another.

Smucker, Allan & Carterette, "A comparison of statistical significance tests for information retrieval evaluation",
CIKM 2007: bootstrap intervals, a randomisation (sign flip) test for the p of a paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

_CELLS = 1 << 22  # resampled cells held at once


@dataclass(frozen=True)
class Paired:
    """Mean difference of the same users under two rankings, its interval, and the two-sided p of no difference."""

    difference: float
    low: float
    high: float
    p: float

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def intervals(
    values: NDArray[np.float64], *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> NDArray[np.float64]:
    """Percentile bootstrap intervals of the column means: values (B, M) in, float64 (2, M) out, low then high.

    Every column is resampled with the same users.
    """
    means = np.concatenate([counts @ values for counts in _resampled(len(values), resamples, seed)]) / len(values)
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)


def paired(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> Paired:
    """First − second over the same users, each float64 (B,)."""
    differences = first - second
    low, high = intervals(differences[:, None], resamples=resamples, level=level, seed=seed)[:, 0]
    mean = float(differences.mean())
    return Paired(mean, float(low), float(high), _sign_flip_p(differences, resamples, seed))


def _sign_flip_p(differences: NDArray[np.float64], resamples: int, seed: int) -> float:
    """The share of random signs under which the mean is at least as far from 0, the signs as they are among them."""
    rng = np.random.default_rng(seed)
    observed = abs(differences.sum()) * (1 - 1e-12)  # so that a tie by rounding counts
    as_far = 0
    for n in _chunks(len(differences), resamples):
        signs = rng.integers(0, 2, (n, len(differences)), dtype=np.int8) * 2.0 - 1
        as_far += int((np.abs(signs @ differences) >= observed).sum())
    return (1 + as_far) / (1 + resamples)


def _resampled(n_users: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """How often each user is drawn: float64 (n, n_users) in chunks."""
    rng = np.random.default_rng(seed)
    for n in _chunks(n_users, resamples):
        drawn = rng.integers(0, n_users, (n, n_users)) + np.arange(n)[:, None] * n_users
        yield np.bincount(drawn.ravel(), minlength=n * n_users).reshape(n, n_users).astype(np.float64)


def _chunks(n_users: int, resamples: int) -> Iterator[int]:
    size = max(1, _CELLS // max(n_users, 1))
    for start in range(0, resamples, size):
        yield min(size, resamples - start)
