"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from recsys.demand import has_times
from recsys.evaluation import evaluate
from recsys.learning import SUREST
from recsys.linear import LinearScorer
from recsys.protocol import Protocol
from recsys.types import Holdout, Scorer

Fit = Callable[[Scorer], Scorer]
SCORES = 300_000_000
"""What all trials of a scorer may come to, users × items each: on a large log only the first values are tried. Counted
in work, not in time, so that every machine finds the same."""
_TIMED = frozenset({"demand", "train_half_life"})  # parameters that change nothing in a log without times


def tune(
    scorer: Scorer,
    fit: Fit,
    graph: KnowledgeGraph,
    validation: Holdout,
    k: int = 10,
    fixed: Collection[str] = (),
    *,
    refit: bool = True,
    scores: int = SCORES,
) -> Scorer:
    """The scorer, fitted by `fit` on `graph`, with the best values of its `GRID` (parameter → values).

    The parameters `fixed` stay as they are, and unless `refit` all those whose other values need a new fit; in a log
    without times those of time.
    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. What needs no fit is tried first; the search ends when the trials have come to
    `scores`. Deterministic.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    best = fit(scorer)
    figures = _judged(best, validation, protocol)
    left = scores // max(len(validation.query) * graph.n_items, 1) - 1
    unmoved = frozenset(fixed) if has_times(graph) else _TIMED.union(fixed)
    for name, value in _tries(scorer, unmoved, refit):
        if value == getattr(best, name):
            continue
        if left < 1:
            break
        left -= 1
        trial = _with(best, name, value, fit, graph)
        found = _judged(trial, validation, protocol)
        if _surely(found - figures):
            best, figures = trial, found
    return best


def _tries(scorer: Scorer, fixed: Collection[str], refit: bool) -> list[tuple[str, Any]]:
    """The values of the grid by parameter, in its order but that what needs no fit comes first."""
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    names = [name for name in grid if name not in fixed and (refit or _only_emphasis(scorer, name))]
    names.sort(key=lambda name: not _only_emphasis(scorer, name))
    return [(name, value) for name in names for value in grid[name]]


def _with(fitted: Scorer, name: str, value: Any, fit: Fit, graph: KnowledgeGraph) -> Scorer:
    if isinstance(fitted, LinearScorer) and _only_emphasis(fitted, name):
        return fitted.emphasised(graph, **{name: value})
    return fit(replace(fitted, **{name: value}))  # type: ignore[type-var]  # scorers are dataclasses


def _only_emphasis(scorer: Scorer, name: str) -> bool:
    return isinstance(scorer, LinearScorer) and name in scorer.EMPHASIS


def _judged(scorer: Scorer, validation: Holdout, protocol: Protocol) -> NDArray[np.float64]:
    """The decisive metric of every user, float64 (users,)."""
    return evaluate({"": scorer}, validation, protocol, ["warm"]).figures[""]["warm"][protocol.decisive]


def _surely(gains: NDArray[np.float64]) -> bool:
    return bool(gains.mean() > SUREST * gains.std() / np.sqrt(len(gains)))
