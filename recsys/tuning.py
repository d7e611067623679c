"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Weighting
from recsys.demand import has_times
from recsys.evaluation import evaluate
from recsys.grid import Span
from recsys.linear import LinearScorer
from recsys.protocol import Protocol
from recsys.significance import surely
from recsys.types import Scorer
from recsys.windows import Window

Fit = Callable[[Scorer, Window], Scorer]
_MINUTE = 60.0
_TIMED = frozenset({"demand", "train_half_life"})  # parameters that change nothing in a log without times


@dataclass(frozen=True)
class Effort:
    """What a search may cost. On a large log only the first values are tried.

    trial    scores, users × items, that a trial is to ask of a window: so many of its users
    scores   what all trials may come to; counted in work, not in time, so that every machine finds the same
    rounds   times that all parameters are gone through, the first one included
    minutes  after which no other trial begins
    """

    trial: int = 50_000_000
    scores: int = 500_000_000
    rounds: int = 1
    minutes: float = math.inf


TRAINING = Effort()


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
    effort: Effort = TRAINING,
    earlier: Window | None = None,
) -> Scorer:
    """The scorer, fitted by `fit` for `validation`, with the best values of its `GRID` (parameter → values).

    The parameters `fixed` stay as they are, and unless `refit` all those whose other values need a new fit; in a log
    without times those of time.
    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. Where the outermost value of a `Span` is taken, what lies beyond it is tried
    too, as long as that is better still; later rounds try what lies beside the best, by ever shorter steps. What needs
    no fit is tried first, and in the `earlier` window too, where one more fit is all it takes: what depends on the
    season is not taken for what lasts. Deterministic, but for an effort in minutes.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    timed = has_times(validation.graph)
    climb = _Climb(fit, protocol, timed, effort, [_judged(fit(scorer, validation), validation, protocol)])
    climb.left = effort.scores // max(validation.scores, 1) - 1
    grid = _grid(scorer, frozenset(fixed) if timed else _TIMED.union(fixed), refit)
    free = any(_without_fit(scorer, name) and not _same(scorer, name, value, timed) for name, value in _each(grid))
    if earlier and climb.left > 0 and free:
        climb.best.append(_judged(fit(replace(scorer), earlier), earlier, protocol))  # type: ignore[type-var]
    for name, values in grid.items():
        climb.along(name, values)
    for again in range(1, effort.rounds):
        before = climb.best
        for name, values in grid.items():
            climb.beside(name, values, 0.5**again)
        if climb.best is before:
            break
    return climb.best[0].scorer


@dataclass(eq=False)
class _Climb:
    """A search under way: `best` of every window so far, and how many trials are left."""

    fit: Fit
    protocol: Protocol
    timed: bool
    effort: Effort
    best: list[_Judged]
    left: int = 0
    begun: float = field(default_factory=time.monotonic)

    def value(self, name: str) -> Any:
        return getattr(self.best[0].scorer, name)

    def takes(self, name: str, value: Any) -> bool:
        """Try a value, and take it where it is better; False too where nothing is left to try it with."""
        spent = time.monotonic() - self.begun > self.effort.minutes * _MINUTE
        if spent or self.left < 1 or _same(self.best[0].scorer, name, value, self.timed):
            return False
        self.left -= 1
        if not _without_fit(self.best[0].scorer, name):
            del self.best[1:]
        trial = [_judged(_with(one, name, value, self.fit), one.window, self.protocol) for one in self.best]
        if better := _is_better(self.best, trial):
            self.best = trial
        return better

    def along(self, name: str, values: tuple[Any, ...]) -> None:
        """Try these values of a parameter, and what lies beyond the outermost one where that is taken."""
        taken = [self.takes(name, value) for value in values]
        if any(taken) and isinstance(values, Span) and self.value(name) is not None:
            others = [value for value in values if value not in (None, self.value(name))]
            for way in (1, -1):
                if all(way * value < way * self.value(name) for value in others):
                    self.on(name, values, way)

    def beside(self, name: str, values: tuple[Any, ...], steps: float) -> None:
        """Try what lies so many steps above the best value of a `Span`, or else below it."""
        if isinstance(values, Span) and self.value(name) is not None and not self.on(name, values, steps):
            self.on(name, values, -steps)

    def on(self, name: str, span: Span, steps: float) -> bool:
        """Go on by so many steps as long as that is better; whether it was."""
        moved = False
        while self.takes(name, span.moved(self.value(name), steps)):
            moved = True
        return moved


def _grid(scorer: Scorer, fixed: Collection[str], refit: bool) -> dict[str, tuple[Any, ...]]:
    """The scorer's, of what is not fixed, in its order but that what needs no fit comes first."""
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    names = [name for name in grid if name not in fixed and (refit or _without_fit(scorer, name))]
    names.sort(key=lambda name: not _without_fit(scorer, name))
    return {name: grid[name] for name in names}


def _each(grid: dict[str, tuple[Any, ...]]) -> Iterator[tuple[str, Any]]:
    return ((name, value) for name, values in grid.items() for value in values)


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


def _is_better(best: Sequence[_Judged], trial: Sequence[_Judged]) -> bool:
    """Whether the gain of the users of all windows is surer than noise.

    Relative to each window's own figures: neither the easier window nor the harder one decides alone.
    """
    gains = []
    for old, new in zip(best, trial, strict=True):
        level = (old.figures.mean() + new.figures.mean()) / 2
        gains.append((new.figures - old.figures) / (level or 1.0))
    return surely(np.concatenate(gains))
