"""A published data set as windows: validation, asked of the train graph, what lies before it, and test."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from kg.carves import Carve, before, carves
from kg.config import Split
from kg.published.data import Published
from kg.published.parts import BY_TIME, counts, windows
from kg.splitting import Windows
from recsys.windows import Window, window, window_if_any


@dataclass(frozen=True, eq=False)
class Exam:
    """A data set cut by one seed, as a `split` says or as it was published; made when it is first asked for."""

    data: Published
    seed: int
    split: Split | None = None

    @cached_property
    def validation(self) -> Window:
        return self._window(Carve(self._windows.train, self._windows.validation, self._windows.validation_start))

    @cached_property
    def earlier(self) -> Window | None:
        """The window before validation, where the data are cut in order and reach so far back."""
        earlier = before(self._windows, self._section, self.data.kinds)
        return window_if_any(earlier, self.data.tables.config.derive, self.data.kinds)

    @cached_property
    def test(self) -> Window:
        return self._window(Carve(self._windows.train_validation, self._windows.test, self._windows.test_start))

    def tuning(self, n: int) -> list[Window]:
        """At most n windows to search on: validation, and others of its kind out of what the test leaves."""
        others = islice(carves(self._windows, self._section, self.data.kinds), 1, n)
        made = (window_if_any(carve, self.data.tables.config.derive, self.data.kinds) for carve in others)
        return [self.validation, *(found for found in made if found)]

    def to_json(self) -> dict[str, Any]:
        """What the data are, how they are cut, and what test lacks or shares."""
        told = {"name": self.data.name, "form": self.data.form, "split": self._cut[1]}
        return {**told, **counts(self._windows, self.data.kinds)}

    @cached_property
    def _cut(self) -> tuple[Windows, str]:
        return windows(self.data, self.seed, self.split)

    @property
    def _windows(self) -> Windows:
        return self._cut[0]

    @property
    def _section(self) -> Split:
        """How it is cut, as a config would say it."""
        published = Split(method="given") if self._cut[1] != BY_TIME else self.data.tables.config.split
        return self.split or published

    def _window(self, carve: Carve) -> Window:
        return window(carve, self.data.tables.config.derive, self.data.kinds)
