"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from recsys.evaluation import evaluate
from recsys.learning import SUREST
from recsys.linear import LinearScorer
from recsys.protocol import Protocol
from recsys.types import Holdout, Scorer

Fit = Callable[[Scorer], Scorer]
SECONDS = 30.0
"""Of processor time for one scorer, so that a busy machine finds the same: on a large log its defaults, and what could
be tried."""


def tune(
    scorer: Scorer,
    fit: Fit,
    graph: KnowledgeGraph,
    validation: Holdout,
    k: int = 10,
    fixed: Collection[str] = (),
    *,
    refit: bool = True,
    seconds: float = SECONDS,
) -> Scorer:
    """The scorer, fitted by `fit` on `graph`, with the best values of its `GRID` (parameter → values).

    The parameters `fixed` stay as they are, and unless `refit` all those whose other values need a new fit.
    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. None is tried that, at the pace so far, would end after `seconds` of processor
    time. A search that ends before is deterministic.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    start = process_time()
    best = fit(scorer)
    fitted = process_time()
    figures = _judged(best, validation, protocol)
    judging, slowest = process_time() - fitted, process_time() - start
    for name, values in _grid(scorer, fixed, refit).items():
        for value in values:
            begun = process_time()
            pace = judging if _only_emphasis(best, name) else slowest
            if value == getattr(best, name) or begun + pace > start + seconds:
                continue
            trial = _with(best, name, value, fit, graph)
            found = _judged(trial, validation, protocol)
            slowest = max(slowest, process_time() - begun)
            if _surely(found - figures):
                best, figures = trial, found
    return best


def _grid(scorer: Scorer, fixed: Collection[str], refit: bool) -> dict[str, tuple[Any, ...]]:
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    return {
        name: values for name, values in grid.items() if name not in fixed and (refit or _only_emphasis(scorer, name))
    }


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
