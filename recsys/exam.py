"""A published data set as two questions: validation, asked of the train graph, and test, asked of both together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kg.building import build
from kg.config import Split
from kg.graph import KnowledgeGraph
from kg.published.data import Published
from kg.published.parts import counts, windows
from kg.splitting import Windows
from kg.steps.derive import derive
from kg.tables import Tables
from recsys.holdout import holdout
from recsys.recommender import seconds
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

    def _graph(self, tables: Tables) -> KnowledgeGraph:
        return build(derive(tables, self.data.tables.config.derive))

    def _holdout(self, graph: KnowledgeGraph, name: str) -> Holdout:
        start = getattr(self._windows, f"{name}_start")
        events = getattr(self._windows, name)
        return holdout(graph, events, self.data.kinds, None if start is None else seconds(start))
