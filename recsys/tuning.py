"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation import evaluate
from recsys.learning import SUREST
from recsys.protocol import Protocol
from recsys.types import Holdout, Scorer

Fit = Callable[[Scorer], Scorer]


def tune(scorer: Scorer, fit: Fit, validation: Holdout, k: int = 10, fixed: Collection[str] = ()) -> Scorer:
    """The fitted scorer with the best values of its `GRID` (parameter → values), but for the parameters `fixed`.

    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. Deterministic; every trial is one `fit`.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    best = fit(scorer)
    figures = _judged(best, validation, protocol)
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    for name, values in grid.items():
        for value in values if name not in fixed else ():
            if value == getattr(best, name):
                continue
            trial = fit(replace(best, **{name: value}))  # type: ignore[type-var]
            found = _judged(trial, validation, protocol)
            if _surely(found - figures):
                best, figures = trial, found
    return best


def _judged(scorer: Scorer, validation: Holdout, protocol: Protocol) -> NDArray[np.float64]:
    """The decisive metric of every user, float64 (users,)."""
    return evaluate({"": scorer}, validation, protocol).figures[""]["warm"][protocol.decisive]


def _surely(gains: NDArray[np.float64]) -> bool:
    return bool(gains.mean() > SUREST * gains.std() / np.sqrt(len(gains)))
