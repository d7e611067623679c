"""Which values of a hyperparameter are worth trying: declared beside a scorer's fields, in its `GRID`.

`GRID` maps a parameter to the few values that training tries, the first ones first. A `Span` is such a tuple with the
bounds that `cartograph tune` searches between; a plain tuple is searched as it stands. A parameter that is worth a
search but no trial of a training's has no values. A compound one (demand, the weighting of a query) is searched by its
own grid.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

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

    @property
    def step(self) -> float:
        """The shortest way between two of its values; of less than two, a part of the way between the bounds."""
        places = np.sort([self._place(value) for value in self if value is not None and (value > 0 or not self.log)])
        gaps = np.diff(places)
        return float(gaps.min()) if len(gaps) else (self._place(self.high) - self._place(self.low)) / _PARTS

    def moved(self, value: float, steps: float) -> float:
        """The value so many steps above another one, or below it; within the bounds."""
        place = self._place(value) + steps * self.step
        return self.rounded(min(max(math.exp(place) if self.log else place, self.low), self.high))

    def rounded(self, value: float) -> float:
        return round(value) if self.whole else float(f"{value:.{_DIGITS}g}")

    def _place(self, value: float) -> float:
        return math.log(value) if self.log else value


_PARTS = 8
_DIGITS = 3  # of a value that is tried: more would say nothing
HALF_LIFE = (7.0, 1000.0)
"""Days between which the half-life of what is learned from is sought."""


FADING = (Weighting(), Weighting(half_life=180), Weighting(half_life=60))
"""How the events of a query may fade, for a scorer that learns from events of another half-life: none needs a fit."""


def half_life(*values: float | None) -> Span:
    """The grid of a half-life in days: these values in training."""
    return Span(values, *HALF_LIFE, log=True)
