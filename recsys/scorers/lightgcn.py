"""A linear graph neural network over the whole typed graph, in which users have no parameters.

He et al., "LightGCN: simplifying and powering graph convolution network for recommendation", SIGIR 2020, with two
changes: the graph is heterogeneous, and a user is her query, so that a new user needs no training. Trained by softmax
over items instead of BPR (Klenitskiy & Vasilev, "Turning dross into gold loss", RecSys 2023).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array
from torch import Tensor

from kg.graph import ITEM, KnowledgeGraph
from kg.query import Weighting
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Factors
from recsys.scorers.demand import DEMANDS, Demand
from recsys.scorers.interactions import strongest
from recsys.scorers.memory import require
from recsys.scorers.propagation import SparseProduct, adjacency, to_torch
from recsys.training import Run, Schedule, device_of, train
from recsys.types import Holdout


@dataclass(config=STRICT)
class LightGCN(LinearScorer):
    embedding_size: PositiveInt = 64
    n_layers: NonNegativeInt = 2
    temperature: PositiveFloat = 0.1
    prior: NonNegativeFloat = 0.1
    prior_mode: str = "mul"
    n_epochs: PositiveInt = 30
    n_steps: PositiveInt = 5
    batch_size: PositiveInt = 2048
    n_candidates: PositiveInt = 8192
    learning_rate: PositiveFloat = 0.03
    patience: PositiveInt = 5
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "lightgcn"

    reads_all_nodes: ClassVar[bool] = True

    def fit(self, graph, validation=None, run=Run()):
        device = device_of(run.device)
        lasting = replace(self.weighting, half_life=self.train_half_life)
        A = to_torch(adjacency(graph, lasting), device)
        query = graph.query()
        Q = query.weights(self.weighting)
        X = strongest(graph, lasting).tocoo()
        rng = np.random.default_rng(self.seed)
        E0 = torch.from_numpy(rng.normal(scale=0.1, size=(graph.n_nodes - graph.n_users, self.embedding_size)).astype(np.float32)).to(device).requires_grad_()
        zeros = torch.zeros(graph.n_users, self.embedding_size, device=device)
        items = query.items
        p = X.data.astype(np.float64); p /= p.sum(); cdf = np.cumsum(p)
        dem = self.demand.of_items(graph, self.weighting.kinds)
        logdem = torch.from_numpy(np.log(dem / dem.mean()).astype(np.float32))

        def propagate():
            layer = total = torch.cat([zeros, E0])
            for _ in range(self.n_layers):
                layer = SparseProduct.apply(A, A, layer)
                total = total + layer
            return total

        def loss(rng):
            E = propagate()
            pick = np.searchsorted(cdf, rng.random(self.batch_size)).clip(max=len(cdf) - 1)
            users, targets = X.row[pick], X.col[pick]
            rows = Q[users].tocoo()
            keep = rows.col != (targets + items.start)[rows.row]
            rest = csr_array((rows.data[keep], (rows.row[keep], rows.col[keep])), rows.shape)
            u = SparseProduct.apply(to_torch(rest, device), to_torch(rest.T.tocsr(), device), E)
            I = torch.nn.functional.normalize(E[items.start:items.stop], dim=1)
            u = torch.nn.functional.normalize(u, dim=1)
            logits = u @ I.T / self.temperature
            if self.prior_mode == "trainadd":
                logits = logits + logdem
            m = rest.tocoo(); on = (m.col >= items.start) & (m.col < items.stop)
            logits = logits.index_put((torch.from_numpy(m.row[on].astype(np.int64)), torch.from_numpy((m.col[on] - items.start).astype(np.int64))), torch.tensor(-1e9))
            return torch.nn.functional.cross_entropy(logits, torch.from_numpy(targets.astype(np.int64)))

        def state():
            with torch.no_grad():
                E = propagate().numpy()
            I = E[items.start:items.stop]
            n = np.linalg.norm(I, axis=1, keepdims=True)
            I = I / np.maximum(n, 1e-9)
            norm = np.linalg.norm(E, axis=1, keepdims=True)
            if self.prior_mode == "mul":
                left = np.hstack([E, norm]); right = np.hstack([I, np.full((len(I), 1), self.prior, np.float32)]) * dem[:, None]
            else:
                left = np.hstack([E, norm]); right = np.hstack([I, self.prior * logdem.numpy()[:, None]])
            self.operator_ = Factors(left.astype(np.float32), right.astype(np.float32))
            self.opinion_ = n[:, 0] > 0

        def judge():
            state()
            from recsys.protocol import Protocol
            from recsys.evaluation import evaluate
            return evaluate({"x": self}, validation, Protocol(repeats="exclude", k=(10,), metrics=("ndcg",))).mean("x")
        self.n_epochs_ = train({"E": E0}, loss, judge if validation else None, Schedule(self.n_epochs, self.n_steps, self.learning_rate, self.patience, self.seed), run, "x")
        state()
        return self
