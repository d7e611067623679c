"""Hyperparameters by looking at validation: one after the other, the values of the scorer's own grid."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.evaluation import evaluate
from recsys.learning import SUREST
from recsys.protocol import Protocol
from recsys.types import Holdout, Scorer

Fit = Callable[[Scorer], Scorer]
SECONDS = 60.0
"""Of processor time for one scorer, so that a busy machine finds the same: on a large log its defaults, and what could
be tried."""


def tune(
    scorer: Scorer,
    fit: Fit,
    validation: Holdout,
    k: int = 10,
    fixed: Collection[str] = (),
    seconds: float = SECONDS,
) -> Scorer:
    """The fitted scorer with the best values of its `GRID` (parameter → values), but for the parameters `fixed`.

    Judged by NDCG@k of what is new to the users, or with repeats too where the scorer says `TUNED_WITH_REPEATS`: it has
    nothing to say of what is new. A value is taken where its gain, paired over users, is surer than noise, so that a
    small validation leaves the defaults. Every trial is one `fit`; none is begun that, at the pace so far, would end
    after `seconds` of processor time. A search that ends before is deterministic.
    """
    repeats = getattr(scorer, "TUNED_WITH_REPEATS", False)
    protocol = Protocol(repeats="include" if repeats else "exclude", k=(k,), metrics=("ndcg",))
    start = process_time()
    best = fit(scorer)
    figures = _judged(best, validation, protocol)
    slowest = process_time() - start
    grid: dict[str, tuple[Any, ...]] = getattr(scorer, "GRID", {})
    for name, values in grid.items():
        for value in values if name not in fixed else ():
            begun = process_time()
            if value == getattr(best, name) or begun + slowest > start + seconds:
                continue
            trial = fit(replace(best, **{name: value}))  # type: ignore[type-var]
            found = _judged(trial, validation, protocol)
            slowest = max(slowest, process_time() - begun)
            if _surely(found - figures):
                best, figures = trial, found
    return best


def _judged(scorer: Scorer, validation: Holdout, protocol: Protocol) -> NDArray[np.float64]:
    """The decisive metric of every user, float64 (users,)."""
    return evaluate({"": scorer}, validation, protocol).figures[""]["warm"][protocol.decisive]


def _surely(gains: NDArray[np.float64]) -> bool:
    return bool(gains.mean() > SUREST * gains.std() / np.sqrt(len(gains)))
