"""The trainable part of a graph network: where the embeddings of nodes begin, and what is lost on a batch."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor, nn
from torch.nn.functional import normalize

from kg.graph import ITEM, KnowledgeGraph
from kg.query import Weighting
from recsys.losses import MASKED
from recsys.operators import power, scaled
from recsys.scorers.asked import Asked
from recsys.scorers.bridges import EVENTS, bridges
from recsys.scorers.interactions import strongest
from recsys.scorers.node_features import standardised
from recsys.scorers.pairs import Pairs
from recsys.scorers.shapes import Batch, Shape
from recsys.scorers.sparse import product, to_torch
from recsys.scorers.spectral import Spectral, leading

if TYPE_CHECKING:
    from recsys.losses import Loss

Floats = NDArray[np.float32]
Index = NDArray[np.int64]
Given = tuple[Tensor, Tensor, Tensor]
"""What a loss is given: logits, targets, log_chance; see `recsys.losses`."""
_SCALE = 0.1  # of the first embeddings


class Trainable:
    """What is trained, and on what; by itself it is without layers.

    weighting   weighs the events of a query; `lasting` those that are learned from, by how long ago they were
    bridges     the relations that messages pass along, see `bridges`
    parameters  by name; "nodes" float32 (n_nodes − n_users, size): e⁰ of all nodes but users, less what their features
                give; "features" float32 (k, size), where there are features: what each gives
    linked      whether an item has any edge, bool (n_items,)
    pairs       what is learned from; own what the target of each weighs in its user's query, float32 (P,)
    queries     of all users, by node but users; owned their items alone
    traffic     bytes that the propagation of a step moves, counted without caches; 0: nobody counts them
    """

    traffic = 0

    def __init__(
        self, graph: KnowledgeGraph, weighting: Weighting, lasting: Weighting, shape: Shape, device: torch.device
    ) -> None:
        self.device, self.n_users, self.items = device, graph.n_users, graph.nodes[ITEM].range
        self.first_item = self.items.start - self.n_users  # users have no place among the embeddings
        self.bridges = bridges(graph, lasting)
        self.linked = _linked(graph, self.bridges)
        self.queries = graph.query().weights(weighting)[:, self.n_users :]
        begun = self._begun(graph, lasting, shape)
        self.parameters = {"nodes": nn.Parameter(torch.from_numpy(begun).to(device))}
        self.features = torch.from_numpy(standardised(graph, shape.features)).to(device)
        if self.features.shape[1]:
            self.parameters["features"] = nn.Parameter(torch.zeros(self.features.shape[1], shape.size, device=device))
        self.pairs = Pairs.of(graph, lasting, self.queries)
        self.owned = self.queries[:, self.first_item : self.first_item + len(self.items)]
        self.own = self.owned[self.pairs.users, self.pairs.targets]

    @cached_property
    def keys(self) -> Index:
        """What anyone's query holds, user · n_items + item, int64, ascending."""
        owned = self.owned.tocoo()
        return np.sort(owned.row.astype(np.int64) * len(self.items) + owned.col)

    @property
    def can_learn(self) -> bool:
        """Whether anyone did two things: a target, and something to tell it from."""
        return len(self.pairs.chances) > 0

    def first(self, hidden: Tensor | None = None) -> Tensor:
        """e⁰ of all nodes but users, float32 (n_nodes − n_users, size); of `hidden` items what their features give."""
        nodes: Tensor = self.parameters["nodes"]
        if hidden is not None:
            shown = nodes.new_ones(len(nodes), 1)
            shown[self.first_item : self.first_item + len(hidden)] = (~hidden)[:, None].float()
            nodes = nodes * shown
        return nodes + self.features @ self.parameters["features"] if "features" in self.parameters else nodes

    def propagated(self, kept: Tensor | None = None, hidden: Tensor | None = None) -> Tensor:
        """The embeddings of all nodes but users: float32 (n_nodes − n_users, size).

        `kept` float32 (n_edges,) is 0 for events along which no message passes, `hidden` bool (n_items,) says of which
        items nothing was learned.
        """
        return self.first(hidden)

    def now(self) -> Floats:
        """The embeddings of all nodes as they are now, float32 (n_nodes, size); of users 0."""
        with torch.no_grad():
            nodes = self.propagated().cpu().numpy()
        return np.concatenate([np.zeros((self.n_users, nodes.shape[1]), np.float32), nodes])

    def losses(self, rng: np.random.Generator, part: slice, batch: Batch, loss: Loss) -> Tensor:
        """The loss of a `part` of the pairs of a batch, drawn by weight: float32 (b,).

        A query is all that its user did but for the target; the rest of it is no negative.
        """
        picked = self.pairs.drawn(rng, batch.size)
        logits = self._among_their_own if batch.n_negatives else self._among_candidates
        return loss(*logits(rng, picked, part, batch))

    def _among_candidates(self, rng: np.random.Generator, picked: Index, part: slice, batch: Batch) -> Given:
        """Every pair of the batch is told from the same items."""
        candidates, chances = self.pairs.candidates(rng, picked, batch)
        asked, offered = self._sides(rng, picked, part, batch)
        if len(candidates) < len(offered):
            offered = offered[self._index(candidates)]
        logits = (asked.normalised() / batch.temperature) @ offered.T
        users, targets = self.pairs.users[picked[part]], asked.targets
        row, place = _places(_without(self.owned[users], targets), candidates)
        logits.index_put_((self._index(row), self._index(place)), logits.new_tensor(MASKED))
        log_chance = torch.from_numpy(np.log(chances).astype(np.float32)).to(self.device)
        return logits, self._index(np.searchsorted(candidates, targets)), log_chance

    def _among_their_own(self, rng: np.random.Generator, picked: Index, part: slice, batch: Batch) -> Given:
        """Every pair is told from items drawn for it alone, all of them alike; the target comes first."""
        n_items, had, n = len(self.items), self.pairs.had, batch.n_negatives
        drawn = had[rng.integers(len(had), size=(batch.size, n))[part]]
        asked, offered = self._sides(rng, picked, part, batch)
        logits = asked.near(offered, np.column_stack([asked.targets, drawn])) / batch.temperature
        users = self.pairs.users[picked[part], None]
        row, place = np.nonzero(self._known(users * n_items + drawn) | (drawn == asked.targets[:, None]))
        logits = logits.index_put((self._index(row), self._index(place + 1)), logits.new_tensor(MASKED))
        log_chance = logits.new_tensor([1.0, *[n / len(had)] * n]).log()
        return logits, self._index(np.zeros(len(drawn), np.int64)), log_chance

    def _sides(self, rng: np.random.Generator, picked: Index, part: slice, batch: Batch) -> tuple[Asked, Tensor]:
        """What the pairs ask for, and what all items offer, float32 (n_items, size)."""
        hidden = self.pairs.hidden(rng, batch)
        drawn = (self.pairs.kept(rng, picked, batch, hidden), hidden)
        nodes = self.propagated(*(None if each is None else torch.from_numpy(each).to(self.device) for each in drawn))
        items = nodes[self.first_item : self.first_item + len(self.items)]
        taken = picked[part]
        users, place = np.unique(self.pairs.users[taken], return_inverse=True)
        queries = self.queries[users]
        sums = product(to_torch(queries, self.device), to_torch(queries.T.tocsr(), self.device), nodes)
        asked = Asked(sums, place, items, self.pairs.targets[taken], self.own[taken])
        return asked, normalize(items, dim=1) if batch.similarity == "cosine" else items

    def _known(self, keys: Index) -> NDArray[np.bool_]:
        """Whether user · n_items + item is among the queries."""
        place = np.searchsorted(self.keys, keys).clip(max=len(self.keys) - 1)
        return self.keys[place] == keys

    def _begun(self, graph: KnowledgeGraph, lasting: Weighting, shape: Shape) -> Floats:
        """Where e⁰ of all nodes but users begins, float32 (n_nodes − n_users, size)."""
        nodes = np.zeros((graph.n_nodes - graph.n_users, shape.size), dtype=np.float32)
        if shape.first == "random" or EVENTS not in self.bridges:
            nodes[:] = np.random.default_rng(shape.seed).normal(scale=_SCALE, size=nodes.shape)
            return nodes
        events, before = self.bridges[EVENTS], np.ones(graph.n_items, np.float32)
        if shape.first == "filter":
            events = strongest(graph, lasting)
            before = power(events.sum(axis=0), -Spectral.item_power)
            events = scaled(events, power(events.sum(axis=1), -Spectral.user_power), before)
        values, vectors = leading(events, shape.size, shape.seed)
        items = slice(self.first_item, self.first_item + graph.n_items)
        nodes[items, : len(values)] = before[:, None] * vectors * values ** np.float32(shape.sharpness)
        return nodes * np.float32(_SCALE * np.sqrt(nodes.size) / max(float(np.linalg.norm(nodes)), 1e-12))

    def _index(self, values: Index) -> Tensor:
        return torch.from_numpy(np.asarray(values, dtype=np.int64)).to(self.device)


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
