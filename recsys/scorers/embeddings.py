"""The trainable part of LightGCN: embeddings of nodes, their propagation, and what a batch of queries is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import normalize

from kg.graph import ITEM, KnowledgeGraph
from kg.query import Weighting
from recsys.losses import MASKED, Loss
from recsys.scorers.interactions import strongest
from recsys.scorers.propagation import EVENTS, Plan, bridges, product, propagate, to_torch
from recsys.scorers.spectral import leading

First = Literal["random", "spectral"]
Similarity = Literal["cosine", "dot"]
Floats = NDArray[np.float32]
Index = NDArray[np.int64]
_BYTES = 4
_SCALE = 0.1  # of the first embeddings


@dataclass(frozen=True)
class Shape:
    """What a model is made of: how many numbers a node has, how many layers, and where they begin."""

    size: int
    n_layers: int
    first: First
    seed: int


@dataclass(frozen=True)
class Batch:
    """How a step draws and compares: so many pairs, and beside their items so many others as candidates.

    similarity    "cosine", or "dot": then an item's length counts, and the query's does not
    dropout       the share of the events that no message passes along, drawn anew
    own_messages  whether the pairs of the batch pass messages along
    """

    size: int
    n_candidates: int
    temperature: float
    similarity: Similarity = "cosine"
    dropout: float = 0.0
    own_messages: bool = True


class Embeddings:
    """What is trained, and on what.

    weighting   weighs the events of a query; `lasting` those that are learned from, by how long ago they were
    parameters  "nodes": e⁰ of all nodes but users, float32 (n_nodes − n_users, size); "relations": the logarithm of
                each relation's weight in each layer, float32 (n_layers, R), where there are layers
    linked      whether an item has any edge, bool (n_items,)
    degrees     the interactions of every item as `lasting` weighs them, float32 (n_items,)
    """

    def __init__(
        self, graph: KnowledgeGraph, weighting: Weighting, lasting: Weighting, shape: Shape, device: torch.device
    ) -> None:
        self.device, self.n_users, self.items = device, graph.n_users, graph.nodes[ITEM].range
        self.bridges = bridges(graph, lasting)
        self.plan = Plan.of(graph, self.bridges, shape.n_layers, device)
        self.linked = _linked(graph, self.bridges)
        self.queries = graph.query().weights(weighting)[:, self.n_users :]
        self.parameters = {"nodes": nn.Parameter(torch.from_numpy(self._first(graph, shape)).to(device))}
        if shape.n_layers:
            weights = torch.zeros(shape.n_layers, len(self.bridges), device=device)
            self.parameters["relations"] = nn.Parameter(weights)
        pairs = strongest(graph, lasting)
        pairs.sort_indices()  # as the bridges' are: a pair's place is the number of its edge
        self.degrees: Floats = np.asarray(pairs.sum(axis=0), dtype=np.float32)
        taken = pairs.tocoo()
        others = np.diff(self.queries.indptr)[taken.row] > 1  # something is left of the query without the target
        self.edges = np.flatnonzero(others)
        self.users, self.targets = taken.row[others], taken.col[others]
        self.chances = np.cumsum(taken.data[others], dtype=np.float64)
        self.n_edges = pairs.nnz

    @property
    def can_learn(self) -> bool:
        """Whether anyone did two things: a target, and something to tell it from."""
        return len(self.chances) > 0

    def propagated(self, kept: Tensor | None = None) -> Tensor:
        """The embeddings of all nodes but users, the mean over the layers: float32 (n_nodes − n_users, size).

        `kept` float32 (n_edges,) is 0 for events along which no message passes.
        """
        nodes = self.parameters["nodes"]
        if "relations" not in self.parameters:
            return nodes
        plan = self.plan if kept is None else self.plan.without(list(self.bridges).index(EVENTS), kept)
        return propagate(plan, self.parameters["relations"].exp(), nodes)

    def now(self) -> Floats:
        """The embeddings of all nodes as they are now, float32 (n_nodes, size); of users 0."""
        with torch.no_grad():
            nodes = self.propagated().cpu().numpy()
        return np.concatenate([np.zeros((self.n_users, nodes.shape[1]), np.float32), nodes])

    def learned(self) -> tuple[Floats, Floats]:
        """The logarithms of the relations' weights, (n_layers, R), and ‖e⁰‖² of all nodes, (n_nodes,); float32."""
        nodes = self.parameters["nodes"].detach().square().sum(dim=1).cpu().numpy()
        weights = self.parameters.get("relations", torch.zeros(0, len(self.bridges))).detach().cpu().numpy()
        return weights, np.concatenate([np.zeros(self.n_users, np.float32), nodes])

    def losses(self, rng: np.random.Generator, part: slice, batch: Batch, loss: Loss) -> Tensor:
        """The loss of a `part` of the pairs of a batch, drawn by weight: float32 (b,).

        A query is all that its user did but for the target; the rest of it is no negative.
        """
        n_items = len(self.items)
        picked = np.searchsorted(self.chances, rng.random(batch.size) * self.chances[-1], side="right")
        picked = picked.clip(max=len(self.chances) - 1)
        candidates, log_chance = self._candidates(rng, self.targets[picked], batch)
        nodes = self.propagated(self._kept(rng, picked, batch))
        targets = self.targets[picked[part]]
        first = self.items.start - self.n_users  # users have no place among the embeddings
        queries = _without(self.queries[self.users[picked[part]]], targets + first)
        asked = product(to_torch(queries, self.device), to_torch(queries.T.tocsr(), self.device), nodes)
        offered = nodes[first : first + n_items]
        if len(candidates) < n_items:
            offered = offered[self._index(candidates)]
        if batch.similarity == "cosine":
            offered = normalize(offered, dim=1)
        logits = normalize(asked, dim=1) @ offered.T / batch.temperature
        row, place = _places(queries, candidates + first)
        logits = logits.index_put((self._index(row), self._index(place)), logits.new_tensor(MASKED))
        return loss(logits, self._index(np.searchsorted(candidates, targets)), log_chance)

    def _candidates(self, rng: np.random.Generator, targets: Index, batch: Batch) -> tuple[Index, Tensor]:
        """Items, ascending, and the logarithm of each one's chance to be among them: all, or some and the targets."""
        n_items = len(self.items)
        if n_items <= batch.n_candidates:
            return np.arange(n_items), torch.zeros(n_items, device=self.device)
        candidates = np.union1d(rng.choice(n_items, batch.n_candidates, replace=False), targets)
        popularity = np.bincount(self.targets, np.diff(self.chances, prepend=0), minlength=n_items)[candidates]
        not_a_target = (1 - popularity / self.chances[-1]) ** batch.size
        chance = 1 - not_a_target * (1 - batch.n_candidates / n_items)
        return candidates, torch.from_numpy(np.log(chance).astype(np.float32)).to(self.device)

    def _kept(self, rng: np.random.Generator, picked: Index, batch: Batch) -> Tensor | None:
        """Which events pass messages along in this step; None: all."""
        if batch.own_messages and not batch.dropout:
            return None
        kept = (rng.random(self.n_edges, dtype=np.float32) >= batch.dropout).astype(np.float32)
        if not batch.own_messages:
            kept[self.edges[picked]] = 0
        return torch.from_numpy(kept).to(self.device)

    def _first(self, graph: KnowledgeGraph, shape: Shape) -> Floats:
        """e⁰ of all nodes but users, float32 (n_nodes − n_users, size)."""
        nodes = np.zeros((graph.n_nodes - graph.n_users, shape.size), dtype=np.float32)
        if shape.first == "random" or EVENTS not in self.bridges:
            nodes[:] = np.random.default_rng(shape.seed).normal(scale=_SCALE, size=nodes.shape)
            return nodes
        values, vectors = leading(self.bridges[EVENTS], shape.size, shape.seed)
        start = self.items.start - graph.n_users
        nodes[start : start + graph.n_items, : len(values)] = vectors * np.sqrt(values)
        return nodes * np.float32(_SCALE * np.sqrt(nodes.size) / max(float(np.linalg.norm(nodes)), 1e-12))

    def _index(self, values: Index) -> Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(self.device)


def memory(graph: KnowledgeGraph, shape: Shape, batch: Batch) -> int:
    """The bytes that training takes beside the graph, about."""
    copies = shape.n_layers + 8  # of all embeddings at once: layers, gradients, Adam's moments, the best so far
    edges = sum(map(len, graph.relations.values()))
    logits = batch.size * min(graph.n_items, batch.n_candidates + batch.size)
    return _BYTES * (copies * graph.n_nodes * shape.size + 12 * edges + 5 * logits)


def _linked(graph: KnowledgeGraph, parts: dict[tuple[str, str, str], csr_array]) -> NDArray[np.bool_]:
    """Which items have an edge, bool (n_items,)."""
    linked = np.zeros(graph.n_items, dtype=bool)
    for (source, _, target), part in parts.items():
        if source == ITEM:
            linked |= np.diff(part.indptr) > 0
        if target == ITEM:
            linked[part.indices] = True
    return linked


def _without(queries: csr_array, nodes: Index) -> csr_array:
    """Each row without its entry on one node."""
    entries = queries.tocoo()
    kept = entries.col != nodes[entries.row]
    return csr_array((entries.data[kept], (entries.row[kept], entries.col[kept])), queries.shape)


def _places(queries: csr_array, nodes: Index) -> tuple[Index, Index]:
    """(row, position in the sorted `nodes`) of the entries that lie on one of them."""
    entries = queries.tocoo()
    place = np.searchsorted(nodes, entries.col).clip(max=len(nodes) - 1)
    on = nodes[place] == entries.col
    return entries.row[on], place[on]
