"""Weights of a fusion by coordinate ascent on mean NDCG.

From the best single scorer and from all that come near it: a step is taken only where its gain, paired over users, is
surer than noise. The weights are the mean of both ends: either has learned some accidents, and not the same ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.ranking import top
from recsys.significance import surely

ROUNDS = 6
NEAR = 0.8  # of the best part's NDCG: a part to start from beside it
_STEPS = (0.0, 0.5, 0.7, 1.4, 2.0)
_ENTRIES = (0.05, 0.1, 0.2, 0.4, 0.8)
Weights = NDArray[np.float64]
Bound = Callable[[Weights], Weights]
"""The nearest weights that are allowed: of those that are, the very same."""


def unbound(weights: Weights) -> Weights:
    """All weights are allowed."""
    return weights


def ascend(
    values: NDArray[np.float32],
    hits: NDArray[np.bool_],
    n: NDArray[np.int64],
    k: int,
    start: Weights | None = None,
    bound: Bound = unbound,
) -> Weights:
    """Weights (F,) for candidates' scaled scores (F, B, C) of which `hits` (B, C) are right.

    From the weights `start`, if there are any, and from all parts alike, within a bound.
    """
    absent = np.isneginf(values[0])
    values[:, absent] = 0

    def judge(total: NDArray[np.float32]) -> NDArray[np.float64]:
        np.copyto(total, -np.inf, where=absent)
        return _ndcg(total, hits, n, k)

    alone = np.array([judge(part.copy()).mean() for part in values])
    order = np.argsort(-alone, kind="stable")
    starts = (np.arange(len(alone)) == order[0], alone >= NEAR * alone.max()) if start is None else (start, alone > 0)
    one, other = (unit(_climb(values, judge, bound(start.astype(np.float64)), order, bound)) for start in starts)
    return unit(bound(one + other))


def _climb(
    values: NDArray[np.float32],
    judge: Callable[[NDArray[np.float32]], NDArray[np.float64]],
    weights: Weights,
    order: NDArray[np.int64],
    bound: Bound,
) -> Weights:
    """From these weights, one part's after the other, to where no step is surely better; each kept within a bound."""
    best = judge(_mixed(values, weights))
    for _round in range(ROUNDS):
        moved = False
        for part in order:
            old = weights[part]
            rest = _mixed(values, np.where(np.arange(len(weights)) == part, 0, weights))
            tries = [old * step for step in _STEPS] if old else [weights.max() * entry for entry in _ENTRIES]
            for weight in tries:
                trial = weights.copy()
                trial[part] = weight
                if not trial.any() or bound(trial) is not trial:
                    continue
                found = judge(rest + np.float32(weight) * values[part])
                gain = found - best
                if surely(gain):
                    weights, best, moved = trial, found, True
        if not moved:
            break
    return weights


def unit(weights: Weights) -> Weights:
    """The same mix at length 1."""
    return weights / np.sqrt((weights**2).sum())


def _mixed(values: NDArray[np.float32], weights: Weights) -> NDArray[np.float32]:
    total = np.zeros(values.shape[1:], dtype=np.float32)
    for part in np.flatnonzero(weights):
        total += np.float32(weights[part]) * values[part]
    return total


def _ndcg(
    scores: NDArray[np.floating[Any]], hits: NDArray[np.bool_], n: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Standard NDCG@k of every user's candidates, float64 (B,)."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    found = np.take_along_axis(hits, top(scores, k), axis=1)
    return (found @ discounts[: found.shape[1]]) / np.cumsum(discounts)[np.minimum(n, k) - 1]
