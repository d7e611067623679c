"""How long an explanation may take: what would take longer is told in sum, and it is said that it was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

EDGES_PER_MS = 50_000
"""Edges that are counted in a millisecond of one core; measured at a hub, the slowest of a hundred times: 60,000."""


@dataclass(eq=False)
class Deadline:
    """So many milliseconds of one core, from now on; `is_cut`: whether anything had to be left out.

    Work is asked for before it begins, by the edges it looks at, so that one look at a hub does not take it all.
    """

    milliseconds: float = inf
    clock: Callable[[], float] = time.thread_time
    is_cut: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._end = self.clock() + self.milliseconds / 1000

    def allows(self, edges: int) -> bool:
        """Whether there is time to look at so many edges."""
        if not edges or self.milliseconds == inf:
            return True
        allowed = edges / EDGES_PER_MS <= (self._end - self.clock()) * 1000
        self.is_cut |= not allowed
        return allowed

    @property
    def cut_ms(self) -> float | None:
        """The milliseconds there were, if they were too few."""
        return self.milliseconds if self.is_cut else None


NEVER = Deadline()
"""Takes as long as it takes."""
