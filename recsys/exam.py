"""A published data set as two questions: validation, asked of the train graph, and test, asked of both together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from kg.building import build
from kg.carves import carves
from kg.config import Split
from kg.graph import KnowledgeGraph
from kg.published.data import Published
from kg.published.parts import BY_TIME, counts, windows
from kg.splitting import Windows
from kg.steps.derive import derive
from kg.tables import Tables
from recsys.holdout import holdout
from recsys.recommender import seconds
from recsys.tuner import Window
from recsys.types import Holdout


@dataclass(frozen=True, eq=False)
class Exam:
    """A data set cut by one seed, as a `split` says or as it was published.

    Windows, graphs and questions are made when they are first asked for.
    """

    data: Published
    seed: int
    split: Split | None = None

    @cached_property
    def train(self) -> KnowledgeGraph:
        return self._graph(self._windows.train)

    @cached_property
    def train_validation(self) -> KnowledgeGraph:
        return self._graph(self._windows.train_validation)

    @cached_property
    def validation(self) -> Holdout:
        return self._holdout(self.train, "validation")

    @cached_property
    def test(self) -> Holdout:
        return self._holdout(self.train_validation, "test")

    def tuning(self, n: int) -> list[Window]:
        """At most n windows to search on: validation, and others of its kind out of what the test leaves."""
        found = [Window(self.train, self.validation)]
        for carve in islice(carves(self._windows, self._section, self.data.kinds), 1, n):
            graph = self._graph(carve.known)
            start = None if carve.start is None else seconds(carve.start)
            found.append(Window(graph, holdout(graph, carve.asked, self.data.kinds, start)))
        return found

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

    def _graph(self, tables: Tables) -> KnowledgeGraph:
        return build(derive(tables, self.data.tables.config.derive))

    def _holdout(self, graph: KnowledgeGraph, name: str) -> Holdout:
        start = getattr(self._windows, f"{name}_start")
        events = getattr(self._windows, name)
        return holdout(graph, events, self.data.kinds, None if start is None else seconds(start))
