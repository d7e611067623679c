"""Random walks over the typed graph from what a person did to items, metapath by metapath.

The score of an item is where the walks end, so its explanation is the walks themselves: paths of the graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.fusion import Fusion
from recsys.grid import FADING, Span, half_life
from recsys.learning import learn
from recsys.linear import STRICT
from recsys.protocol import Protocol
from recsys.scorers.metapaths import metapaths, transitions
from recsys.scorers.walking import Steps, Walking
from recsys.types import Holdout

_SAMPLE = 500  # users that the loudness of a metapath is measured on


@dataclass(config=STRICT)
class Walks(Walking):
    """operator = Σ over metapaths p: weight_p · T_p1 ⋯ T_pk, from all nodes to items; times each item's demand.

    T are the row-normalised steps, the last one damped by popularity to the power `beta` (`metapaths.transitions`).
    `metapath_weights` are the weights ≥ 0 by metapath, those not named 0; None: learned on validation where `fit` is
    given one, else such that all speak equally loud. What validation taught is in `taught_`: the parameters to fit with
    once more, on later data.
    """

    beta: float = 0.7
    max_steps: PositiveInt = 4
    metapath_weights: Mapping[str, NonNegativeFloat] | None = None
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "walks"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, None),
        "beta": Span((0.4, 0.7), 0.0, 1.2),
        "demand": DEMANDS,
        "weighting": FADING,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        steps = self._steps(graph)
        self.taught_: dict[str, Any] = {}
        if self.metapath_weights is not None:
            weights = self.metapath_weights
        elif validation is None or not steps:
            weights = self._even(graph, steps)
        else:
            weights = self.taught_["metapath_weights"] = self._learned(graph, steps, validation)
        self._walk(graph, {path: _weighed(part, weights[path]) for path, part in steps.items() if weights.get(path)})
        self.opinion_ = self._reached()
        return self

    def _steps(self, graph: KnowledgeGraph) -> Steps:
        """The transitions of every metapath that is walked."""
        lasting = replace(self.weighting, half_life=self.train_half_life)
        found = metapaths(graph, self.weighting, self.max_steps)
        return {str(path): transitions(graph, path, lasting, self.beta) for path in found}

    def _even(self, graph: KnowledgeGraph, steps: Steps) -> dict[str, float]:
        """Weights by which every metapath spreads the scores of a sample of users equally; the largest is 1."""
        sample = graph.query(np.unique(np.linspace(0, graph.n_users - 1, _SAMPLE).astype(np.int64)))
        parts = {path: replace(self)._walk(graph, {path: matrices}) for path, matrices in steps.items()}
        spreads = {path: float(part.score(sample).std(axis=1, dtype=np.float64).mean()) for path, part in parts.items()}
        least = min((spread for spread in spreads.values() if spread), default=1.0)
        return {path: least / spread if spread else 1.0 for path, spread in spreads.items()}

    def _learned(self, graph: KnowledgeGraph, steps: Steps, validation: Holdout) -> dict[str, float]:
        """The weights of a fusion of scorers that walk one metapath each; the largest is 1."""
        parts = {path: replace(self)._walk(graph, {path: matrices}) for path, matrices in steps.items()}
        factors = learn(Fusion(parts), validation, Protocol(repeats="exclude")).factors
        return {path: float(factor / factors.max()) for path, factor in zip(parts, factors, strict=True)}


def _weighed(steps: list[csr_array], weight: float) -> list[csr_array]:
    return [*steps[:-1], (steps[-1] * np.float32(weight)).tocsr()]
