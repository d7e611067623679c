"""A published data set as windows: validation, asked of the train graph, what lies before it, and test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kg.carves import Carve, before
from kg.published.data import Published
from kg.published.parts import BY_TIME, counts, windows
from kg.splitting import Windows
from recsys.windows import Window, window, window_if_any


@dataclass(frozen=True, eq=False)
class Exam:
    """A data set cut by one seed; everything is made when it is first asked for."""

    data: Published
    seed: int

    @cached_property
    def validation(self) -> Window:
        return self._window(Carve(self._windows.train, self._windows.validation, self._windows.validation_start))

    @cached_property
    def earlier(self) -> Window | None:
        """The window before validation, where the data are cut by time and reach so far back."""
        if self._cut[1] != BY_TIME:
            return None
        config = self.data.tables.config
        return window_if_any(before(self._windows, config.split, self.data.kinds), config.derive, self.data.kinds)

    @cached_property
    def test(self) -> Window:
        return self._window(Carve(self._windows.train_validation, self._windows.test, self._windows.test_start))

    def to_json(self) -> dict[str, Any]:
        """What the data are, how they are cut, and what test lacks or shares."""
        told = {"name": self.data.name, "form": self.data.form, "split": self._cut[1]}
        return {**told, **counts(self._windows, self.data.kinds)}

    @cached_property
    def _cut(self) -> tuple[Windows, str]:
        return windows(self.data, self.seed)

    @property
    def _windows(self) -> Windows:
        return self._cut[0]

    def _window(self, carve: Carve) -> Window:
        return window(carve, self.data.tables.config.derive, self.data.kinds)
