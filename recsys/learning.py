"""The weights of a fusion, learned on validation.

Coordinate ascent on mean NDCG, from the best single scorer and from all that come near it, the better end kept: a step
is taken only where its gain, paired over users, is surer than noise. Where the ranking of all items shows the
fusion below its best part, it is that part alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation import Evaluation, evaluate
from recsys.fusion import Fusion
from recsys.linear import ConstantScorer
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import blocks, top
from recsys.types import Holdout, Scores

CANDIDATES = 60  # of every part and user: what the fusion may reorder while it learns
ROUNDS = 6
NEAR = 0.8  # of the best part's NDCG: a part to start from beside it
SUREST = 0.5  # standard errors that a step must gain
LITTLE, MOST = 1e-3, 0.05  # of the largest weight: orders what has no other order, and changes little else
OVER = 1.1  # times what would only be equal
_STEPS = (0.0, 0.5, 0.7, 1.4, 2.0)
_ENTRIES = (0.05, 0.1, 0.2, 0.4, 0.8)


def learn(fusion: Fusion, holdout: Holdout, protocol: Protocol) -> Fusion:
    """Set `weights_`, `scales_` and `missing_` of a fitted fusion; deterministic."""
    targets = asked(holdout, protocol)["warm"]
    rows = np.flatnonzero(np.diff(targets.indptr))
    pieces = blocks(len(rows), targets.shape[1], len(fusion.parts))
    scores = [_raw(fusion, holdout, rows[block], protocol) for block in pieces]
    width = len(fusion.parts) * _n_candidates(protocol)
    fusion.missing_ = np.nanmean([part[1] for part in scores], axis=0)
    fusion.scales_ = np.maximum(np.mean(np.concatenate([part[2] for part in scores], axis=1), axis=1), 1e-12)
    values = np.concatenate([_padded(part[0], width) for part in scores])
    items = np.concatenate([_padded_items(part[3], width) for part in scores])
    known = targets[rows]
    right = np.repeat(np.arange(len(rows)), np.diff(known.indptr)) * targets.shape[1] + known.indices
    hits = np.isin(np.arange(len(rows))[:, None] * targets.shape[1] + items, right) & (items >= 0)
    values = np.where(items[:, :, None] >= 0, values / fusion.scales_, -np.inf)
    fusion.weights_ = _ascend(values, hits, np.diff(known.indptr), protocol.k[0])
    judged = evaluate({**fusion.parts, fusion.name: fusion}, holdout, replace(protocol, metrics=("ndcg",)))
    _not_below_the_best(fusion, judged)
    _never_silent(fusion, judged)
    return fusion


def _not_below_the_best(fusion: Fusion, judged: Evaluation) -> None:
    """Only the best part's weight, if all items ranked, not the candidates alone, say that it is better."""
    best = max(fusion.parts, key=judged.mean)
    if judged.mean(fusion.name) < judged.mean(best):
        fusion.weights_ = np.array([float(name == best) for name in fusion.parts])


def _never_silent(fusion: Fusion, judged: Evaluation) -> None:
    """A little weight for the best of the parts that tell everybody the same, where none of them has any.

    To someone without a history the others say 0 of what they know and `missing_` of what they do not: the weight is
    just enough for this part's k best items to stand above those, and at least to order what is equal.
    """
    same = {name: part.values_ for name, part in fusion.parts.items() if isinstance(part, ConstantScorer)}
    if not same or fusion.used.keys() & same:
        return
    group = "cold_users" if "cold_users" in judged.figures[fusion.name] else "warm"
    best = max(same, key=lambda name: judged.mean(name, group=group))
    place = list(fusion.parts).index(best)
    values = same[best][np.isfinite(same[best])]
    last = np.sort(values)[-min(max(judged.protocol.k), len(values))] / fusion.scales_[place]
    unknown = float(fusion.factors @ fusion.missing_)
    needed = OVER * unknown / last if last > 0 else 0.0
    fusion.weights_[place] = np.clip(needed, *(share * fusion.weights_.max() for share in (LITTLE, MOST)))


def _raw(
    fusion: Fusion, holdout: Holdout, rows: NDArray[np.int64], protocol: Protocol
) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]:
    """Of a block of users: candidates' scores (B, C, F), medians (F,), spreads (F, B) and the candidates (B, C)."""
    query = holdout.query.take(rows)
    seen = seen_before(holdout, protocol, query)
    parts: list[Scores] = []
    chosen, medians, spreads = [], [], []
    for part in fusion.parts.values():
        scores = part.score(query)
        known = ~np.isnan(scores)
        medians.append(float(np.median(scores[known])) if known.any() else 0.0)
        filled = np.where(known, scores, np.float32(medians[-1]))
        spreads.append(filled.std(axis=1, dtype=np.float64))
        masked = filled.copy()
        if seen is not None:
            masked[np.repeat(np.arange(len(masked)), np.diff(seen.indptr)), seen.indices] = -np.inf
        chosen.append(top(masked, _n_candidates(protocol)))
        parts.append(filled)
    candidates = np.sort(np.concatenate(chosen, axis=1), axis=1)
    candidates[:, 1:][candidates[:, 1:] == candidates[:, :-1]] = -1
    values = np.stack([np.take_along_axis(part, candidates.clip(0), axis=1) for part in parts], axis=2)
    if seen is not None:
        held = seen.toarray()[np.arange(len(rows))[:, None], candidates.clip(0)] > 0
        candidates[held] = -1
    return values, np.array(medians), np.array(spreads), candidates


def _n_candidates(protocol: Protocol) -> int:
    """A list must be full before its order can be judged."""
    return max(CANDIDATES, protocol.k[0])


def _padded(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    return np.pad(values, ((0, 0), (0, width - values.shape[1]), (0, 0)))


def _padded_items(items: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    return np.pad(items, ((0, 0), (0, width - items.shape[1])), constant_values=-1)


def _ascend(values: NDArray[np.float32], hits: NDArray[np.bool_], n: NDArray[np.int64], k: int) -> NDArray[np.float64]:
    """Weights (F,) for candidates' scaled scores (B, C, F) of which `hits` (B, C) are right."""
    held, finite = np.isfinite(values[:, :, 0]), values.clip(-1e30)

    def judge(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return _ndcg(np.where(held, finite @ weights, -np.inf), hits, n, k)

    alone = np.array([judge(one).mean() for one in np.eye(values.shape[2])])
    order = np.argsort(-alone, kind="stable")
    best_alone = (np.arange(len(alone)) == order[0]).astype(np.float64)
    weights, best = _climb(judge, best_alone, order)
    near = (alone >= NEAR * alone.max()).astype(np.float64)
    others, found = _climb(judge, near, order)
    if found.mean() > best.mean():
        weights = others
    return weights / np.sqrt((weights**2).sum())


def _climb(
    judge: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    weights: NDArray[np.float64],
    order: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """From these weights, one part's after the other, to where no step is surely better; and every user's figure."""
    best = judge(weights)
    for _round in range(ROUNDS):
        moved = False
        for part in order:
            old = weights[part]
            tries = [old * step for step in _STEPS] if old else [weights.max() * entry for entry in _ENTRIES]
            for weight in tries:
                trial = weights.copy()
                trial[part] = weight
                if not trial.any():
                    continue
                found = judge(trial)
                gain = found - best
                if gain.mean() > SUREST * gain.std() / np.sqrt(len(gain)) and gain.mean() > 0:
                    weights, best, moved = trial, found, True
        if not moved:
            break
    return weights, best


def _ndcg(
    scores: NDArray[np.floating[Any]], hits: NDArray[np.bool_], n: NDArray[np.int64], k: int
) -> NDArray[np.float64]:
    """Standard NDCG@k of every user's candidates, float64 (B,)."""
    discounts = 1 / np.log2(np.arange(2, k + 2))
    found = np.take_along_axis(hits, top(scores, k), axis=1)
    return (found @ discounts[: found.shape[1]]) / np.cumsum(discounts)[np.minimum(n, k) - 1]
