"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Weighting
from recsys.demand import has_times
from recsys.evaluation import evaluate
from recsys.learning import SUREST
from recsys.linear import LinearScorer
from recsys.protocol import Protocol
from recsys.types import Scorer
from recsys.windows import Window

Fit = Callable[[Scorer, Window], Scorer]
SCORES = 500_000_000
"""What all trials of a scorer may come to on validation, users × items each: on a large log only the first values are
tried. Counted in work, not in time, so that every machine finds the same."""
_TIMED = frozenset({"demand", "train_half_life"})  # parameters that change nothing in a log without times


@dataclass(frozen=True, eq=False)
class _Judged:
    """A scorer fitted for a window, and the decisive metric of every user asked there, float64 (users,)."""

    scorer: Scorer
    window: Window
    figures: NDArray[np.float64]


def tune(
    scorer: Scorer,
    fit: Fit,
    validation: Window,
    k: int = 10,
    fixed: Collection[str] = (),
    *,
    refit: bool = True,
    scores: int = SCORES,
    earlier: Window | None = None,
) -> Scorer:
    """The scorer, fitted by `fit` for `validation`, with the best values of its `GRID` (parameter → values).

    The parameters `fixed` stay as they are, and unless `refit` all those whose other values need a new fit; in a log
    without times those of time.
    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. What needs no fit is tried first, and in the `earlier` window too, where one
    more fit is all it takes: what depends on the season is not taken for what lasts. The search ends when the trials
    have come to `scores`. Deterministic.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    timed = has_times(validation.graph)
    tries = _tries(scorer, frozenset(fixed) if timed else _TIMED.union(fixed), refit)
    free = any(_without_fit(scorer, name) and not _same(scorer, name, value, timed) for name, value in tries)
    left = scores // max(validation.scores, 1) - 1

    best = [_judged(fit(scorer, validation), validation, protocol)]
    if earlier and left > 0 and free:
        best.append(_judged(fit(replace(scorer), earlier), earlier, protocol))  # type: ignore[type-var]
    for name, value in tries:
        if _same(best[0].scorer, name, value, timed):
            continue
        if left < 1:
            break
        left -= 1
        if not _without_fit(scorer, name):
            del best[1:]
        trial = [_judged(_with(one, name, value, fit), one.window, protocol) for one in best]
        if _surely(best, trial):
            best = trial
    return best[0].scorer


def _tries(scorer: Scorer, fixed: Collection[str], refit: bool) -> list[tuple[str, Any]]:
    """The values of the grid by parameter, in its order but that what needs no fit comes first."""
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    names = [name for name in grid if name not in fixed and (refit or _without_fit(scorer, name))]
    names.sort(key=lambda name: not _without_fit(scorer, name))
    return [(name, value) for name in names for value in grid[name]]


def _same(scorer: Scorer, name: str, value: Any, timed: bool) -> bool:
    """Whether a scorer has this value of a parameter; in a log without times a half-life makes no other."""
    own = getattr(scorer, name)
    if isinstance(value, Weighting) and not timed:
        return bool(value.kinds == own.kinds)
    return bool(value == own)


def _with(one: _Judged, name: str, value: Any, fit: Fit) -> Scorer:
    if isinstance(one.scorer, LinearScorer) and _without_fit(one.scorer, name):
        return one.scorer.emphasised(one.window.graph, **{name: value})
    return fit(replace(one.scorer, **{name: value}), one.window)  # type: ignore[type-var]  # scorers are dataclasses


def _without_fit(scorer: Scorer, name: str) -> bool:
    return isinstance(scorer, LinearScorer) and name in scorer.EMPHASIS


def _judged(scorer: Scorer, window: Window, protocol: Protocol) -> _Judged:
    judged = evaluate({"": scorer}, window.holdout, protocol, ["warm"])
    return _Judged(scorer, window, judged.figures[""]["warm"][protocol.decisive])


def _surely(best: Sequence[_Judged], trial: Sequence[_Judged]) -> bool:
    """Whether the mean gain over the users of all windows is surer than noise.

    Relative to each window's own figures: neither the easier window nor the harder one decides alone.
    """
    gains = []
    for old, new in zip(best, trial, strict=True):
        level = (old.figures.mean() + new.figures.mean()) / 2
        gains.append((new.figures - old.figures) / (level or 1.0))
    gain = np.concatenate(gains)
    return bool(gain.mean() > SUREST * gain.std() / np.sqrt(len(gain)))
