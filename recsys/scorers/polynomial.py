"""A graph filter that is a polynomial: walks of every length there and back, each length with a weight of its own.

Park et al., "Turbo-CF: matrix decomposition-free graph filtering for fast recommendation", SIGIR 2024, and the
interpolation of Kim et al., "Graph spectral filtering with Chebyshev interpolation for recommendation", 2025: a low
pass over all frequencies without a decomposition. It is a sum over walks, and so is what it says of a score.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.polynomial import chebyshev, polynomial
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import dense, power, scaled
from recsys.scorers.interactions import strongest, weightiest
from recsys.summands import MANY, Summands
from recsys.types import Holdout, Scores

Floats = NDArray[np.float64]
_ROUNDS = 30  # of powers: the largest eigenvalue stands far above the others
_TINY = 1e-30
MOST_WALKS = 1 << 60
"""Of more walks than this it is said that they are so many: whole numbers end soon after."""


@dataclass(config=STRICT)
class Polynomial(LinearScorer):
    """operator = Di^−item_power · Σ_k c_k P^k for k = 1 … `order`; each item's score times Di^output_power · demand.

    P = NᵀN, N = Du^−user_power X Di^−item_power / s, with X the latest event of the weightiest kind of each pair,
    halved every `train_half_life` days, Du and Di its sums, and s such that the eigenvalues of P lie in 0 … 1. c are
    the coefficients of the polynomial that interpolates λ^flatness there at the Chebyshev points, but for the constant
    one, by which an item would speak for itself. The flatter (0: all frequencies alike, 1: P itself), the longer the
    walks that count.
    """

    order: PositiveInt = 3
    flatness: PositiveFloat = 0.7
    user_power: float = 0.5
    item_power: float = 0.5
    output_power: float = 0.3
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "polynomial"

    EMPHASIS: ClassVar[frozenset[str]] = LinearScorer.EMPHASIS | {"output_power"}
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, None),
        "flatness": Span((0.7, 0.4, 1.0), 0.1, 2.0),
        "output_power": Span((0.3, 0.0, 0.5), -0.2, 0.8),
        "demand": DEMANDS,
        "user_power": Span((0.5, 0.3), 0.0, 1.0),
        "item_power": Span((0.5, 0.4), 0.0, 1.0),
        "order": Span((), 1, 6),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state.

        network_       csr float32 (n_users, n_items): N
        coefficients_  float64 (order,): c
        degrees_       float32 (n_items,): Di; before_ Di^−item_power
        step_          the kind of event that is walked
        """
        bought = weightiest(graph, self.weighting)
        self.step_ = bought[1] if bought else ""
        alone = replace(graph, relations={bought: graph.relations[bought]} if bought else {})
        X = strongest(alone, replace(self.weighting, half_life=self.train_half_life))
        self.degrees_ = np.asarray(X.sum(axis=0), dtype=np.float32)
        self.before_ = power(self.degrees_, -self.item_power)
        N = scaled(X, power(X.sum(axis=1), -self.user_power), self.before_)
        self.network_ = N * np.float32(1 / (largest(N) or 1))
        self.coefficients_ = coefficients(self.flatness, self.order)
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = self.degrees_ > 0
        return self

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        return power(self.degrees_, self.output_power) * super().emphasis(graph)

    def score(self, query: Query) -> Scores:
        asked = dense(
            scaled(query.history(self.weighting), columns=self.before_).T.tocsr()
        )  # by item, as scipy multiplies
        back = self.network_.T.tocsr()  # all by item: so scipy multiplies
        walked = np.zeros_like(asked)
        for coefficient in self.coefficients_[::-1]:  # Horner's scheme
            walked = back @ (self.network_ @ (walked + np.float32(coefficient) * asked))
        total: Scores = np.multiply(walked.T, self.emphasis_, order="C")
        total[:, ~self.opinion_] = np.nan
        return total

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Summands]:
        """One path per event and length of walk, with the number of different walks."""
        rows, goal = events.touched - items.start, items.start + item
        network = events.once("network", lambda: self.network_.astype(np.float64))
        edges = events.once("edges", lambda: (self.network_ > 0).astype(np.float64))
        reached = counted = np.eye(1, len(items), item)[0]
        for steps, coefficient in enumerate(self.coefficients_.tolist(), start=1):
            reached = network.T @ (network @ reached)
            counted = edges.T @ (edges @ counted)
            worth = coefficient * self.before_[rows] * reached[rows]
            told = np.flatnonzero(worth)
            between = np.full((len(told), 2 * steps - 1), MANY)
            nodes = np.column_stack([events.touched[told], between, np.full(len(told), goal)])
            counts = np.minimum(counted[rows[told]], MOST_WALKS).astype(np.int64)
            relations = (f"rev_{self.step_}", self.step_) * steps
            yield events.summands(self.name, "path", told, worth[told], nodes, relations, counts)


def largest(X: csr_array) -> float:
    """The largest singular value of a matrix without negative entries, by powers of XᵀX."""
    across, v = X.T.tocsr(), np.ones(X.shape[1], dtype=np.float32)
    for _round in range(_ROUNDS):
        v = across @ (X @ (v / max(float(np.linalg.norm(v)), _TINY)))
    return float(np.sqrt(np.linalg.norm(v)))


def coefficients(flatness: float, order: int) -> Floats:
    """c_1 … c_order of the interpolation of λ^flatness on 0 … 1, by powers of λ."""
    points = (chebyshev.chebpts1(order + 1) + 1) / 2
    series = chebyshev.Chebyshev.fit(points, points**flatness, order, domain=[0, 1])
    found = np.zeros(order + 1)
    powers = series.convert(kind=polynomial.Polynomial).coef
    found[: len(powers)] = powers  # trailing zeros are left out there
    return found[1:]
