"""How sure a mean over users is, and whether one ranking is really better than another.

Smucker, Allan & Carterette, "A comparison of statistical significance tests for information retrieval evaluation",
CIKM 2007: bootstrap intervals, a randomisation (sign flip) test for the p of a paired difference. Holm, "A simple
sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 1979, where several are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

SUREST = 0.5  # standard errors that a mean gain must have to be taken for one
_CELLS = 1 << 22  # resampled cells held at once


@dataclass(frozen=True)
class Paired:
    """Mean difference of the same users under two rankings, its interval, and the two-sided p of no difference.

    `p_holm` is that p where it is one of several tests: the chance of any false finding among all is held.
    """

    difference: float
    low: float
    high: float
    p: float
    p_holm: float

    def to_json(self) -> dict[str, float]:
        return asdict(self)


def surely(gain: NDArray[np.float64]) -> bool:
    """Whether the mean of what every user gains, float64 (B,), is surer than noise: enough for a step of a search."""
    return bool(gain.mean() > SUREST * gain.std() / np.sqrt(len(gain)))


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
    return beside(first, [second], resamples=resamples, level=level, seed=seed)[0]


def beside(
    first: NDArray[np.float64],
    others: Sequence[NDArray[np.float64]],
    *,
    resamples: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> list[Paired]:
    """First − each other over the same users, all float64 (B,), their p corrected for being several."""
    differences = first[:, None] - np.stack(others, axis=1)
    low, high = intervals(differences, resamples=resamples, level=level, seed=seed)
    p = _sign_flip_p(differences, resamples, seed)
    columns = (differences.mean(axis=0), low, high, p, holm(p))
    return [Paired(*map(float, row)) for row in zip(*columns, strict=True)]


def holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """Adjusted p of m tests, float64 (m,): the i-th smallest, from 0, times m − i, and never below one before."""
    order = np.argsort(p, kind="stable")
    raised = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(raised, 1.0)
    return adjusted


def _sign_flip_p(differences: NDArray[np.float64], resamples: int, seed: int) -> NDArray[np.float64]:
    """Per column the share of random signs, its own too, under which the mean is as far from 0; float64 (M,)."""
    rng = np.random.default_rng(seed)
    observed = np.abs(differences.sum(axis=0)) * (1 - 1e-12)  # so that a tie by rounding counts
    as_far = np.zeros(differences.shape[1])
    for n in _chunks(len(differences), resamples):
        signs = rng.integers(0, 2, (n, len(differences)), dtype=np.int8) * 2.0 - 1
        as_far += (np.abs(signs @ differences) >= observed).sum(axis=0)
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
