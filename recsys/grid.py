"""Which values of a hyperparameter are worth trying: declared beside a scorer's fields, in its `GRID`.

`GRID` maps a parameter to the few values that training tries, the first ones first. A `Span` is such a tuple with the
bounds that `cartograph tune` searches between; a plain tuple is searched as it stands. A parameter that is worth a
search but no trial of a training's has no values. A compound one (demand, the weighting of a query) is searched by its
own grid.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kg.query import Weighting


class Span(tuple[Any, ...]):
    """Values from `low` to `high`, both included; whole numbers where both are, by ratio where `log`.

    None among the values: not to have the parameter at all is a choice too.
    """

    low: float
    high: float
    log: bool

    def __new__(cls, values: Iterable[Any], low: float, high: float, *, log: bool = False) -> Span:
        made = super().__new__(cls, values)
        made.low, made.high, made.log = low, high, log
        return made

    def __repr__(self) -> str:
        return f"Span({tuple(self)}, {self.low}, {self.high}, log={self.log})"

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int) and isinstance(self.high, int)


Grid = dict[str, tuple[Any, ...]]
HALF_LIFE = (7.0, 1000.0)
"""Days between which the half-life of what is learned from is sought."""


FADING = (Weighting(), Weighting(half_life=180), Weighting(half_life=60))
"""How the events of a query may fade, for a scorer that learns from events of another half-life: none needs a fit."""


def half_life(*values: float | None) -> Span:
    """The grid of a half-life in days: these values in training."""
    return Span(values, *HALF_LIFE, log=True)
