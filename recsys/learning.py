"""The weights of a fusion, learned on validation.

Coordinate ascent on mean NDCG, from the best single scorer and from all that come near it: a step is taken only where
its gain, paired over users, is surer than noise. The weights are the mean of both ends: either has learned some of the
validation's accidents, and not the same ones. The lists judged are longer than those shown: a long list's order is
known with less noise than a short one's, and the weights last longer. Where the ranking of all items shows the fusion
below its best part, at the length shown, it is that part alone.

Under a floor of path share the ascent begins where the floor holds and takes no step that breaks it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.blocks import cached
from recsys.evaluation import Evaluation, Shared, evaluate, evaluate_all
from recsys.fusion import Fusion
from recsys.linear import ConstantScorer
from recsys.path_share import Shares, shares
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import rank, top
from recsys.significance import surely
from recsys.types import Holdout, Scorer, Scores

CANDIDATES = 60  # of every part and user: what the fusion may reorder while it learns
MOST_CANDIDATES = 600  # of all parts together, where each is left its whole list
DEPTH = 4  # the length of the lists judged, as a multiple of those shown
SAMPLE = 1 << 18  # scores of a block that a median is taken of
ROUNDS = 6
NEAR = 0.8  # of the best part's NDCG: a part to start from beside it
LITTLE, MOST = 1e-3, 0.05  # of the largest weight: orders what has no other order, and changes little else
OVER = 1.1  # times what would only be equal
_STEPS = (0.0, 0.5, 0.7, 1.4, 2.0)
_ENTRIES = (0.05, 0.1, 0.2, 0.4, 0.8)
_DECIDING = ("warm", "cold_users")  # groups that weights depend on
ASCENTS, RAISES = 2, 3  # times that weights are held to a floor of path share in the lists that they give themselves
Weights = NDArray[np.float64]
Bound = Callable[[Weights], Weights]
"""The nearest weights that are allowed: of those that are, the very same."""


def _unbound(weights: Weights) -> Weights:
    return weights


def learn(fusion: Fusion, holdout: Holdout, protocol: Protocol, path_share: float = 0.0) -> Fusion:
    """Set `weights_`, `scales_` and `missing_` of a fitted fusion; deterministic."""
    learn_all([(fusion, protocol, path_share)], holdout)
    return fusion


def learn_all(lessons: Sequence[tuple[Fusion, Protocol, float]], holdout: Holdout) -> list[Evaluation]:
    """Learn fusions of the same parts, and judge them beside their parts on the holdout.

    Each has its protocol and a floor of path share, 0 … 1: so much of what it shows is told in paths, as far as any of
    its parts can be told so. Every part scores everybody once, and once more where a fusion uses it. Judged are warm
    and cold users.
    """
    parts = lessons[0][0].parts
    protocols = list(dict.fromkeys(protocol for _, protocol, _ in lessons))
    pools = _Pools(parts, [_Pool(holdout, protocol, len(parts)) for protocol in protocols])
    judged_alone = evaluate_all([(parts, protocol) for protocol in protocols], holdout, _DECIDING, pools.add)
    free = [pool.weights() for pool in pools.pools]
    alone = [judged_alone[protocols.index(protocol)] for _, protocol, _ in lessons]
    shown: dict[Protocol, Shares] = {}
    for (fusion, protocol, floor), judged in zip(lessons, alone, strict=True):
        pool = pools.pools[protocols.index(protocol)]
        fusion.weights_, fusion.scales_, fusion.missing_ = (of.copy() for of in free[protocols.index(protocol)])
        _never_silent(fusion, judged)
        if floor:
            if protocol not in shown:
                shown[protocol] = _shown(fusion, holdout, protocol)
            _hold(fusion, pool, shown[protocol], floor)
            _never_silent(fusion, judged)  # whatever the floor: without it some would be told nothing
    fused = evaluate_all([({fusion.name: fusion}, protocol) for fusion, protocol, _ in lessons], holdout, _DECIDING)
    for place, (fusion, protocol, floor) in enumerate(lessons):
        best = str(alone[place].best_single)
        if not floor and fused[place].mean(fusion.name) < alone[place].mean(best):
            fusion.weights_ = np.array([float(name == best) for name in parts])
            _never_silent(fusion, alone[place])
            fused[place] = evaluate({fusion.name: fusion}, holdout, protocol, _DECIDING)
    return [judged.beside(own) for judged, own in zip(alone, fused, strict=True)]


def _shown(fusion: Fusion, holdout: Holdout, protocol: Protocol) -> Shares:
    """What all parts say at places of a fusion's own lists."""
    return shares(fusion, holdout.query, holdout.barred(protocol.repeats))


def _hold(fusion: Fusion, pool: _Pool, shown: Shares, floor: float) -> None:
    """Learn a fusion's weights anew such that its path share on the holdout is not below a floor.

    `shown` is what its lists say with the free weights, which it has.
    Other weights show other items, which may be told otherwise: so the ascent is repeated with what the lists of its
    own weights say, and ends as near to the free weights as the floor allows. Where the lists are below the floor at
    last, the weights less told in paths are made smaller still.
    """
    floor = min(floor, float(shown.own.max(initial=0)))
    if shown.holds(fusion.weights_, floor):
        return
    free = fusion.weights_
    for _again in range(ASCENTS):
        fusion.weights_, _, _ = pool.weights(fusion.weights_, partial(shown.raised, floor=floor))
        shown = _shown(fusion, pool.holdout, pool.protocol)
    fusion.weights_ = _unit(shown.towards(fusion.weights_, free, floor))
    for _again in range(RAISES):
        shown = _shown(fusion, pool.holdout, pool.protocol)
        if shown.holds(fusion.weights_, floor):
            return
        fusion.weights_ = _unit(shown.raised(fusion.weights_, floor))


def _never_silent(fusion: Fusion, judged: Evaluation) -> None:
    """A little weight for the best of the parts that tell everybody the same, where none of them has any to speak of.

    To someone without a history the others say 0 of what they know and `missing_` of what they do not: the weight is
    just enough for this part's k best items to stand above those, and at least to order what is equal. `judged` holds
    all parts.
    """
    same = {name: part.values_ for name, part in fusion.parts.items() if isinstance(part, ConstantScorer)}
    heard = LITTLE * fusion.weights_.max() / 2  # less says nothing beside rounding
    if not same or any(
        weight > heard for name, weight in zip(fusion.parts, fusion.weights_, strict=True) if name in same
    ):
        return
    group = "cold_users" if "cold_users" in judged.figures[next(iter(same))] else "warm"
    best = max(same, key=lambda name: judged.mean(name, group=group))
    place = list(fusion.parts).index(best)
    values = same[best][np.isfinite(same[best])]
    last = np.sort(values)[-min(max(judged.protocol.k), len(values))] / fusion.scales_[place]
    unknown = float(fusion.factors @ fusion.missing_)
    needed = OVER * unknown / last if last > 0 else 0.0
    fusion.weights_[place] = np.clip(needed, *(share * fusion.weights_.max() for share in (LITTLE, MOST)))


@dataclass(frozen=True)
class _Pools:
    """What the parts say, handed to the pools of several protocols at once."""

    parts: Mapping[str, Scorer]
    pools: Sequence[_Pool]

    def add(self, rows: NDArray[np.int64], scores: Shared) -> None:
        """Of some rows of the holdout, whose scores these are; may be called by several threads, in any order."""
        filled: list[Scores] = []
        medians: list[float] = []
        for part in self.parts.values():
            said = scores.of(part)
            unknown = np.isnan(said)
            known = said[~unknown] if unknown.any() else said.reshape(-1)
            medians.append(float(np.median(known[:: len(known) // SAMPLE + 1])) if len(known) else 0.0)
            filled.append(np.where(unknown, np.float32(medians[-1]), said) if len(known) < said.size else said)
        spreads = np.stack([_spreads(part) for part in filled])
        for pool in self.pools:
            pool.add(scores.query, rows, filled, spreads, np.array(medians))


def _spreads(scores: Scores) -> NDArray[np.float64]:
    """The standard deviation of every row, float64 (B,); few rows at a time, as each is looked at twice."""
    spreads = np.zeros(len(scores))
    for few in cached(*scores.shape):
        centred = scores[few] - scores[few].mean(axis=1, keepdims=True)
        spreads[few] = np.linalg.norm(centred, axis=1) / np.sqrt(scores.shape[1])
    return spreads


@dataclass(frozen=True, eq=False)
class _Block:
    """What F parts say of the candidates of b users.

    values   float32 (F, b, C), −inf where there is no candidate
    hits     bool (b, C)
    spreads  float64 (F, b), of each part's scores of all items; medians float64 (F,), of all users together
    """

    values: NDArray[np.float32]
    hits: NDArray[np.bool_]
    spreads: NDArray[np.float64]
    medians: NDArray[np.float64]


class _Pool:
    """The candidates of every user that a protocol asks; `blocks` by the first row of the holdout in each."""

    def __init__(self, holdout: Holdout, protocol: Protocol, n_parts: int) -> None:
        self.holdout, self.protocol = holdout, protocol
        self.targets = asked(holdout, protocol)["warm"]
        self.asks = np.diff(self.targets.indptr) > 0
        self.depth = DEPTH * protocol.k[0]
        self.n_each = max(self.depth, min(CANDIDATES, MOST_CANDIDATES // n_parts))
        self.blocks: dict[int, _Block] = {}

    def add(
        self,
        query: Query,
        rows: NDArray[np.int64],
        parts: Sequence[Scores],
        spreads: NDArray[np.float64],
        medians: NDArray[np.float64],
    ) -> None:
        """Of some rows of the holdout, whose query and scores these are."""
        mine = np.flatnonzero(self.asks[rows])
        if not len(mine):
            return
        scores = [part if len(mine) == len(part) else part[mine] for part in parts]
        seen = seen_before(self.holdout, self.protocol, query.take(mine))
        lists = [rank(part, self.n_each, excluded=seen, allowed=self.holdout.candidates).items for part in scores]
        items = np.sort(np.concatenate(lists, axis=1), axis=1)
        items[:, 1:][items[:, 1:] == items[:, :-1]] = -1
        values = np.stack([np.take_along_axis(part, items.clip(0), axis=1) for part in scores])
        values[:, items < 0] = -np.inf
        known = self.targets[rows[mine]]
        right = np.repeat(np.arange(len(mine)), np.diff(known.indptr)) * known.shape[1] + known.indices
        hits = np.isin(np.arange(len(mine))[:, None] * known.shape[1] + items, right) & (items >= 0)
        self.blocks[int(rows[0])] = _Block(values, hits, spreads[:, mine], medians)

    def weights(self, *within: Any) -> tuple[Weights, Weights, Weights]:
        """Weights, scales and medians; `within` a start and a bound as `_ascend` takes them."""
        blocks = [self.blocks[first] for first in sorted(self.blocks)]
        scales = np.maximum(np.concatenate([block.spreads for block in blocks], axis=1).mean(axis=1), 1e-12)
        values = np.concatenate([block.values for block in blocks], axis=1) / scales.astype(np.float32)[:, None, None]
        n = np.diff(self.targets.indptr)[self.asks]
        weights = _ascend(values, np.concatenate([block.hits for block in blocks]), n, self.depth, *within)
        return weights, scales, np.mean([block.medians for block in blocks], axis=0)


def _ascend(
    values: NDArray[np.float32],
    hits: NDArray[np.bool_],
    n: NDArray[np.int64],
    k: int,
    start: Weights | None = None,
    bound: Bound = _unbound,
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
    one, other = (_unit(_climb(values, judge, bound(start.astype(np.float64)), order, bound)) for start in starts)
    return _unit(bound(one + other))


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


def _unit(weights: Weights) -> Weights:
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
