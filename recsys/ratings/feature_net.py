"""Ratings out of what is known of both sides, by one hidden layer on the features of user and item.

r̂ = W₁ · σ(V₁ P_u + U₁ F_i) + b₁, of least squared error.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array, eye_array, hstack

from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.linear import STRICT
from recsys.operators import power, scaled
from recsys.ratings.data import Floats, Index, Ratings, known

_HELD_OUT = 0.1  # of the ratings: they say when to stop


@dataclass(config=STRICT)
class FeatureNet:
    """P_u and F_i: who or what it is, one-hot, beside its attributes, each row of these of length 1; σ the logistic.

    Trained by Adam on batches until `patience` epochs in a row were no better on a tenth of the ratings held out. Of
    somebody unknown the features are 0.
    """

    n_hidden: PositiveInt = 32
    learning_rate: PositiveFloat = 0.01
    l2: NonNegativeFloat = 1e-4
    batch_size: PositiveInt = 1024
    n_epochs: PositiveInt = 100
    patience: PositiveInt = 5
    seed: int = 0

    def fit(self, graph: KnowledgeGraph) -> Self:
        """Set users_ and items_ (n, n_hidden), V₁ P and U₁ F; weights_ (n_hidden,), W₁; bias_, b₁; float64."""
        import torch

        ratings = known(graph)
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(ratings))
        n_held = int(_HELD_OUT * len(ratings))
        held, learned = ratings.take(order[:n_held]), ratings.take(order[n_held:])
        features = [_features(graph, side) for side in (USER, ITEM)]
        first = [rng.normal(scale=0.1, size=(part.shape[1], self.n_hidden)) for part in features]
        layers = [torch.tensor(part, dtype=torch.float32, requires_grad=True) for part in first]
        weights = torch.tensor(rng.normal(scale=0.1, size=self.n_hidden), dtype=torch.float32, requires_grad=True)
        bias = torch.tensor(learned.values.mean(), dtype=torch.float32, requires_grad=True)
        optimiser = torch.optim.Adam([*layers, weights, bias], lr=self.learning_rate, weight_decay=self.l2)

        def predicted(rows: Ratings) -> Any:
            sides = zip(features, (rows.users, rows.items), layers, strict=True)
            hidden = sum(_through(part[index], layer) for part, index, layer in sides)
            return torch.sigmoid(hidden) @ weights + bias

        best, since = np.inf, 0
        for _epoch in range(self.n_epochs):
            shuffled = rng.permutation(len(learned))
            for start in range(0, len(learned), self.batch_size):
                batch = learned.take(shuffled[start : start + self.batch_size])
                optimiser.zero_grad()
                loss = ((predicted(batch) - torch.from_numpy(batch.values).float()) ** 2).mean()
                loss.backward()
                optimiser.step()
            with torch.no_grad():
                judged = held if n_held else learned
                off = float(((predicted(judged) - torch.from_numpy(judged.values).float()) ** 2).mean())
                if off < best:
                    best, since = off, 0
                    self.users_, self.items_ = (
                        part @ layer.numpy().astype(np.float64) for part, layer in zip(features, layers, strict=True)
                    )
                    self.weights_, self.bias_ = weights.numpy().astype(np.float64), float(bias)
                else:
                    since += 1
            if since == self.patience:
                break
        return self

    def predict(self, users: Index, items: Index) -> Floats:
        hidden = np.where((users >= 0)[:, None], self.users_[users], 0)
        hidden = hidden + np.where((items >= 0)[:, None], self.items_[items], 0)
        return np.asarray((1 / (1 + np.exp(-hidden))) @ self.weights_ + self.bias_)


def _features(graph: KnowledgeGraph, side: str) -> csr_array:
    """One-hot, then attributes of length 1: csr float32 (n, n + A)."""
    names = sorted(name for name in graph.relations if name[0] == side and name[2] not in (USER, ITEM))
    own = eye_array(len(graph.nodes[side]), dtype=np.float32, format="csr")
    told: list[Any] = [abs(graph.matrix(name)) for name in names]
    if not told:
        return own
    attributes = hstack(told, format="csr")
    lengths: NDArray[np.float32] = np.asarray(attributes.power(2).sum(axis=1))
    return hstack([own, scaled(attributes, rows=power(lengths, -0.5))], format="csr")


def _through(features: csr_array, layer: Any) -> Any:
    """Features @ layer, a tensor (m, n_hidden)."""
    import torch

    indices, offsets = (torch.from_numpy(part.astype(np.int64)) for part in (features.indices, features.indptr[:-1]))
    weights = torch.from_numpy(features.data.astype(np.float32))
    return torch.nn.functional.embedding_bag(indices, layer, offsets, mode="sum", per_sample_weights=weights)
