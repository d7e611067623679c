"""The trainable part of LightGCN: embeddings of nodes, their propagation, and the loss of a batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.scorers.interactions import strongest
from recsys.scorers.memory import require
from recsys.scorers.propagation import adjacency, product, to_torch

_BYTES = 4
_SCALE = 0.1  # of the first embeddings; the loss sees directions only
_MASKED = -1e9


class Embeddings:
    """What is trained, and on what.

    weighting   weighs the events of a query; `lasting` those that are learned from, by how long ago they were
    parameters  "nodes": e⁰ of all nodes but users, float32 (n_nodes − n_users, size)
    linked      whether an item has any edge, bool (n_items,)
    degrees     the interactions of every item as `lasting` weighs them, float32 (n_items,)
    """

    def __init__(
        self,
        graph: KnowledgeGraph,
        weighting: Weighting,
        lasting: Weighting,
        *,
        size: int,
        n_layers: int,
        seed: int,
        device: torch.device,
    ) -> None:
        copies = n_layers + 7  # of all embeddings at once: layers, gradient, Adam's moments, the best so far
        require(copies * graph.n_nodes * size * _BYTES, "LightGCN", instead="walks")
        self.n_users, self.n_layers, self.device, self.items = (
            graph.n_users,
            n_layers,
            device,
            graph.nodes["item"].range,
        )
        matrix = adjacency(graph, lasting)
        self.linked = np.diff(matrix.indptr)[self.items.start : self.items.stop] > 0
        self.adjacency = to_torch(matrix, device)
        self.queries = graph.query().weights(weighting)
        first = np.random.default_rng(seed).normal(scale=_SCALE, size=(graph.n_nodes - graph.n_users, size))
        self.parameters = {"nodes": torch.from_numpy(first.astype(np.float32)).to(device).requires_grad_()}
        pairs = strongest(graph, lasting)
        self.degrees: NDArray[np.float32] = np.asarray(pairs.sum(axis=0), dtype=np.float32)
        taken = pairs.tocoo()
        others = np.diff(self.queries.indptr)[taken.row] > 1  # something is left of the query without the target
        self.users, self.targets = taken.row[others], taken.col[others]
        self.chances = np.cumsum(taken.data[others], dtype=np.float64)

    @property
    def can_learn(self) -> bool:
        """Whether anyone did two things: a target, and something to tell it from."""
        return len(self.chances) > 0

    def propagated(self) -> Tensor:
        """The embeddings of all nodes, the mean over the layers: float32 (n_nodes, size)."""
        nodes = self.parameters["nodes"]
        layer = total = torch.cat([nodes.new_zeros(self.n_users, nodes.shape[1]), nodes])
        for _ in range(self.n_layers):
            layer = product(self.adjacency, self.adjacency, layer)  # it is symmetric
            total = total + layer
        return total / (self.n_layers + 1)

    def now(self) -> NDArray[np.float32]:
        """The propagated embeddings as they are now."""
        with torch.no_grad():
            return self.propagated().cpu().numpy()

    def loss(self, batch_size: int, n_candidates: int, temperature: float) -> Callable[[np.random.Generator], Tensor]:
        """A function that draws pairs (user, target) by weight and returns the batch's softmax loss.

        Where there are more items than `n_candidates`, the softmax runs over that many drawn ones and the targets of
        the batch; log of the chance to be among them is taken off, so that it estimates the softmax over all
        (Khrylchenko et al., "Correcting the LogQ correction", RecSys 2025: not off the target itself).
        """
        n_items = len(self.items)
        require(4 * batch_size * min(n_items, n_candidates + batch_size) * _BYTES, "LightGCN", instead="walks")
        popularity = np.bincount(self.targets, np.diff(self.chances, prepend=0), minlength=n_items)
        drawn_as_target = 1 - (1 - popularity / popularity.sum()) ** batch_size

        def of_batch(rng: np.random.Generator) -> Tensor:
            picked = np.searchsorted(self.chances, rng.random(batch_size) * self.chances[-1], side="right")
            picked = picked.clip(max=len(self.chances) - 1)
            targets = self.targets[picked]
            queries = _without(self.queries[self.users[picked]], targets + self.items.start)
            candidates, correction = np.arange(n_items), None
            if n_items > n_candidates:
                drawn = rng.choice(n_items, n_candidates, replace=False)
                candidates = np.union1d(drawn, targets)
                chance = 1 - (1 - drawn_as_target[candidates]) * (1 - n_candidates / n_items)
                correction = torch.from_numpy(np.log(chance).astype(np.float32)).to(self.device)
            nodes = self.propagated()
            asked = product(to_torch(queries, self.device), to_torch(queries.T.tocsr(), self.device), nodes)
            offered = nodes[self.items.start : self.items.stop][self._index(candidates)]
            logits = normalize(asked, dim=1) @ normalize(offered, dim=1).T / temperature
            target = self._index(np.searchsorted(candidates, targets))
            if correction is not None:  # a row's own target is there for certain
                own = (torch.arange(batch_size, device=self.device), target)
                logits = (logits - correction).index_put(own, correction[target], accumulate=True)
            row, place = _places(queries, candidates + self.items.start)
            logits = logits.index_put((self._index(row), self._index(place)), logits.new_tensor(_MASKED))
            return cross_entropy(logits, target)

        return of_batch

    def _index(self, values: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(self.device)


def _without(queries: csr_array, nodes: NDArray[np.int64]) -> csr_array:
    """Each row without its entry on one node."""
    entries = queries.tocoo()
    kept = entries.col != nodes[entries.row]
    return csr_array((entries.data[kept], (entries.row[kept], entries.col[kept])), queries.shape)


def _places(queries: csr_array, nodes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(row, position in the sorted `nodes`) of the entries that lie on one of them."""
    entries = queries.tocoo()
    place = np.searchsorted(nodes, entries.col).clip(max=len(nodes) - 1)
    on = nodes[place] == entries.col
    return entries.row[on], place[on]
