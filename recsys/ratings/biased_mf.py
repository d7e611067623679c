"""Matrix factorisation with biases, by alternating least squares.

Koren, Bell & Volinsky, "Matrix factorization techniques for recommender systems", IEEE Computer 2009, equation 5.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from pydantic import NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from recsys.linear import STRICT
from recsys.ratings.data import Floats, Index, Ratings, known

_BLOCK = 1 << 16  # ratings whose products are held at once


@dataclass(config=STRICT)
class BiasedMF:
    """r̂_ui = μ + b_u + b_i + p_u · q_i, of least Σ (r − r̂)² + Σ_u λ_u (b_u² + ‖p_u‖²) + Σ_i λ_i (b_i² + ‖q_i‖²).

    λ = l2 · (ratings of the user or item + prior): of who has few ratings little is believed. Somebody unknown has
    b = 0 and p = 0. `n_factors` 0: biases alone.
    """

    n_factors: NonNegativeInt = 16
    l2: PositiveFloat = 0.05
    prior: PositiveFloat = 50.0
    n_sweeps: PositiveInt = 12
    seed: int = 0

    def fit(self, graph: KnowledgeGraph) -> Self:
        return self.learn(known(graph), graph.n_users, graph.n_items)

    def learn(self, ratings: Ratings, n_users: int, n_items: int) -> Self:
        """Set mean_, and users_ (n_users, 1 + n_factors) and items_ (n_items, …): bias and factors, float64."""
        self.mean_ = float(ratings.values.mean())
        rng = np.random.default_rng(self.seed)
        self.users_ = np.zeros((n_users, 1 + self.n_factors))
        self.items_ = np.zeros((n_items, 1 + self.n_factors))
        self.items_[:, 1:] = rng.normal(scale=0.1, size=(n_items, self.n_factors))
        by_user, by_item = np.argsort(ratings.users, kind="stable"), np.argsort(ratings.items, kind="stable")
        for _sweep in range(self.n_sweeps):
            self.users_ = self._side(ratings.users, ratings.items, ratings.values, by_user, self.items_, n_users)
            self.items_ = self._side(ratings.items, ratings.users, ratings.values, by_item, self.users_, n_items)
        return self

    def predict(self, users: Index, items: Index) -> Floats:
        u = np.where((users >= 0)[:, None], self.users_[users], 0)
        i = np.where((items >= 0)[:, None], self.items_[items], 0)
        return np.asarray(self.mean_ + u[:, 0] + i[:, 0] + (u[:, 1:] * i[:, 1:]).sum(axis=1))

    def _side(self, own: Index, other: Index, values: Floats, order: Index, others: Floats, n: int) -> Floats:
        """Bias and factors of one side given the other's: a ridge regression for each of its n, float64 (n, d)."""
        d = others.shape[1]
        grams, goals = np.zeros((n, d, d)), np.zeros((n, d))
        for start in range(0, len(order), _BLOCK):
            rows = order[start : start + _BLOCK]
            there = others[other[rows]]
            X = np.concatenate([np.ones((len(rows), 1)), there[:, 1:]], axis=1)
            y = values[rows] - self.mean_ - there[:, 0]
            first = np.flatnonzero(np.diff(own[rows], prepend=-1))
            grams[own[rows[first]]] += np.add.reduceat(X[:, :, None] * X[:, None, :], first, axis=0)
            goals[own[rows[first]]] += np.add.reduceat(X * y[:, None], first, axis=0)
        penalty = self.l2 * (np.bincount(own, minlength=n) + self.prior)
        grams[:, np.arange(d), np.arange(d)] += penalty[:, None]
        return np.asarray(np.linalg.solve(grams, goals[:, :, None])[:, :, 0], dtype=np.float64)
