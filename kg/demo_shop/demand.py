"""Drawing items by the demand of a week, from all items or from one group of them (a brand, a category)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GroupedDraw:
    """Items ordered by group with their running demand, so that a draw from a group is one binary search.

    `running` (weeks · items + 1,) runs through all weeks without a reset: one sorted array serves draws of any week.
    """

    order: Ints  # (items,): items, group by group
    bounds: Ints  # (groups + 1,): where each group begins in `order`
    running: NDArray[np.float64]

    @classmethod
    def of(cls, weekly: NDArray[np.float64], groups: Ints, n_groups: int) -> GroupedDraw:
        """From demand (weeks, items), rows summing to 1, and each item's group (items,)."""
        order = np.argsort(groups, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=n_groups))])
        return cls(order, bounds, np.concatenate([[0.0], np.cumsum(weekly[:, order])]))

    def draw(self, week: Ints, group: Ints, rng: np.random.Generator) -> Ints:
        """One item for each (week, group), ∝ demand; −1 where the group has nothing on sale that week."""
        return self._between(week, self.bounds[group], self.bounds[group + 1], rng)

    def draw_any(self, week: Ints, rng: np.random.Generator) -> Ints:
        """One item of all for each week, ∝ demand."""
        return self._between(week, np.zeros_like(week), np.full_like(week, self.order.size), rng)

    def _between(self, week: Ints, start: Ints, stop: Ints, rng: np.random.Generator) -> Ints:
        base = week * self.order.size
        low, high = self.running[base + start], self.running[base + stop]
        point = np.minimum(low + rng.random(week.size) * (high - low), np.nextafter(high, 0))  # rounding can reach high
        found = np.searchsorted(self.running, point, side="right") - 1 - base
        return np.where(high > low, self.order[np.clip(found, 0, self.order.size - 1)], -1)
