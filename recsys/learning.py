"""The weights of a fusion, learned on validation and on the window before it: what a season says of a part passes.

Where the ranking of all items shows the fusion below its best part, at the length shown, it is that part alone. For
whoever has no history there are weights apart, of the parts that tell everybody the same. Under a floor of path share
the ascent begins where the floor holds and takes no step that breaks it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from recsys.climbing import Weights, unit
from recsys.evaluation import Evaluation, evaluate, evaluate_all
from recsys.fusion import Fusion
from recsys.linear import ConstantScorer
from recsys.path_share import Shares, shares
from recsys.pool import Pool, Pools, new, warm, weights
from recsys.protocol import Protocol
from recsys.types import Holdout, Scorer

LITTLE = 1e-3  # of the largest weight: orders what has no other order, and changes little else
FEWEST = 50  # new users whose own targets say what to tell such users; of fewer, what serves all others best
_DECIDING = {"warm": "weights_", "cold_users": "newcomers_"}
"""Groups that weights depend on."""
Earlier = tuple[Mapping[str, Scorer], Holdout]
"""The parts fitted before an earlier window, by name, and what is asked there."""
ASCENTS, RAISES = 2, 3  # times that weights are held to a floor of path share in the lists that they give themselves


def learn(fusion: Fusion, holdout: Holdout, protocol: Protocol, path_share: float = 0.0) -> Fusion:
    """Set `weights_`, `scales_` and `missing_` of a fitted fusion; deterministic."""
    learn_all([(fusion, protocol, path_share)], holdout)
    return fusion


def learn_all(
    lessons: Sequence[tuple[Fusion, Protocol, float]], holdout: Holdout, earlier: Earlier | None = None
) -> list[Evaluation]:
    """Learn fusions of the same parts, and judge them beside their parts on the holdout.

    Each has its protocol and a floor of path share, 0 … 1: so much of what it shows is told in paths, as far as any of
    its parts can be told so. Those with a history weigh the parts of an `earlier` window too; all else is the holdout's
    alone. Every part scores everybody once, and once more where a fusion uses it. Judged are warm and cold users.
    """
    parts = lessons[0][0].parts
    protocols = list(dict.fromkeys(protocol for _, protocol, _ in lessons))
    known = {each: Pool(holdout, each, len(parts), warm(holdout, each)) for each in protocols}
    unknown = {each: Pool(holdout, each, len(parts), new(holdout, each)) for each in protocols}
    watch = Pools(parts, [*known.values(), *unknown.values()]).add
    judged_alone = dict(
        zip(protocols, evaluate_all([(parts, each) for each in protocols], holdout, _DECIDING, watch), strict=True)
    )
    before = [_before(earlier, protocols)] if earlier else []
    pools = {each: [known[each], *(of[each] for of in before)] for each in protocols}
    free = {each: weights(pools[each]) for each in protocols}
    to_new = {each: _to_newcomers(parts, known[each], unknown[each]) for each in protocols}
    alone = [judged_alone[protocol] for _, protocol, _ in lessons]
    shown: dict[Protocol, Shares] = {}
    for (fusion, protocol, floor), judged in zip(lessons, alone, strict=True):
        pool = known[protocol]
        fusion.weights_, fusion.scales_ = free[protocol].copy(), pool.scales
        fusion.missing_ = pool.missing
        fusion.newcomers_ = to_new[protocol].copy() if to_new[protocol].any() else fusion.weights_.copy()
        _orders_all(fusion, judged)
        if floor:
            if protocol not in shown:
                shown[protocol] = _shown(fusion, holdout, protocol)
            _hold(fusion, pools[protocol], shown[protocol], floor)
            _orders_all(fusion, judged)
    fused = evaluate_all([({fusion.name: fusion}, protocol) for fusion, protocol, _ in lessons], holdout, _DECIDING)
    for place, (fusion, protocol, floor) in enumerate(lessons):
        if _never_below(fusion, alone[place], fused[place], _DECIDING if not floor else ["cold_users"]):
            _orders_all(fusion, alone[place])
            fused[place] = evaluate({fusion.name: fusion}, holdout, protocol, _DECIDING)
    return [judged.beside(own) for judged, own in zip(alone, fused, strict=True)]


def _before(earlier: Earlier, protocols: Sequence[Protocol]) -> dict[Protocol, Pool]:
    """What the parts say in an earlier window, for every protocol."""
    parts, holdout = earlier
    pools = {each: Pool(holdout, each, len(parts), warm(holdout, each)) for each in protocols}
    plain = [(parts, replace(each, metrics=("ndcg",))) for each in protocols]  # nobody reads these figures
    evaluate_all(plain, holdout, ["warm"], Pools(parts, [*pools.values()]).add)
    return pools


def _to_newcomers(parts: Mapping[str, Scorer], known: Pool, unknown: Pool) -> Weights:
    """Weights for whoever has no history, of the parts that tell everybody the same; all 0 where there are none."""
    same = np.array([isinstance(part, ConstantScorer) for part in parts.values()])
    if not same.any():
        return np.zeros(len(same))
    pool = unknown if unknown.asks.sum() >= FEWEST else known
    return unit(weights([pool], only=same) * known.scales / pool.scales)


def _never_below(fusion: Fusion, alone: Evaluation, fused: Evaluation, groups: Collection[str]) -> bool:
    """Make the fusion its best part alone for those of whom it is below that; whether it was."""
    below = False
    for group in groups:
        if group in fused.figures[fusion.name]:
            means = {name: alone.mean(name, group=group) for name in fusion.parts}
            best = max(means, key=lambda name: means[name])
            if fused.mean(fusion.name, group=group) < means[best]:
                setattr(fusion, _DECIDING[group], np.array([float(name == best) for name in fusion.parts]))
                below = True
    return below


def _shown(fusion: Fusion, holdout: Holdout, protocol: Protocol) -> Shares:
    """What all parts say at places of a fusion's own lists."""
    return shares(fusion, holdout.query, holdout.barred(protocol.repeats))


def _hold(fusion: Fusion, pools: Sequence[Pool], shown: Shares, floor: float) -> None:
    """Learn a fusion's weights anew such that its path share on the holdout, that of the first pool, keeps a floor.

    `shown` is what its lists say with the free weights, which it has.
    Other weights show other items, which may be told otherwise: so the ascent is repeated with what the lists of its
    own weights say, and ends as near to the free weights as the floor allows. Where the lists are below the floor at
    last, the weights less told in paths are made smaller still.
    """
    floor = min(floor, float(shown.own.max(initial=0)))
    if shown.holds(fusion.weights_, floor):
        return
    free, pool = fusion.weights_, pools[0]
    for _again in range(ASCENTS):
        fusion.weights_ = weights(pools, fusion.weights_, partial(shown.raised, floor=floor))
        shown = _shown(fusion, pool.holdout, pool.protocol)
    fusion.weights_ = unit(shown.towards(fusion.weights_, free, floor))
    for _again in range(RAISES):
        shown = _shown(fusion, pool.holdout, pool.protocol)
        if shown.holds(fusion.weights_, floor):
            return
        fusion.weights_ = unit(shown.raised(fusion.weights_, floor))


def _orders_all(fusion: Fusion, judged: Evaluation) -> None:
    """The least weight for the best of the parts that tell everybody the same, where none of them has any.

    It orders what the others say the same of, which are all items where they know nothing of what somebody had.
    `judged` holds all parts.
    """
    same = np.array([isinstance(part, ConstantScorer) for part in fusion.parts.values()])
    least = LITTLE * fusion.weights_.max()
    if same.any() and (fusion.weights_[same] < least / 2).all():
        best = max(np.flatnonzero(same), key=lambda place: judged.mean(list(fusion.parts)[place]))
        fusion.weights_[best] = least
