"""What a graph attention network says of the demo shop's planted causes: its attention, and PyG's GNNExplainer.

Two layers of `GATConv` (Veličković et al., ICLR 2018) over all that the graph has, events and facts, both ways; a
user's score of an item is the product of their vectors, learned by a softmax over the items. Both explanations give
numbers to edges, so a path is worth what its edges give: with attention the product of what each node pays the next
(summed where customers are passed by, which is what a walk along attention gives), with GNNExplainer (Ying et al.,
NeurIPS 2019) the product of the edges' masks (the best way where customers are passed by).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import GATConv

from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.explanation.told import Reason

SIZE, EPOCHS, BATCH, RATE, TEMPERATURE = 32, 80, 8192, 0.02, 0.1
MASK_EPOCHS = 50


class Attending(torch.nn.Module):
    """Embeddings of all nodes and two layers of attention: `forward` scores one pair, `vectors` all nodes."""

    def __init__(self, n_nodes: int) -> None:
        super().__init__()
        self.nodes = torch.nn.Parameter(torch.randn(n_nodes, SIZE) * 0.1)
        self.layers = torch.nn.ModuleList(GATConv(SIZE, SIZE, add_self_loops=False) for _ in range(2))

    def vectors(self, nodes: torch.Tensor, edges: torch.Tensor) -> torch.Tensor:
        whole = nodes
        for layer in self.layers:
            nodes = layer(nodes, edges)
            whole = whole + nodes
        return torch.nn.functional.normalize(whole, dim=1)

    def forward(self, nodes: torch.Tensor, edges: torch.Tensor, pair: tuple[int, int]) -> torch.Tensor:
        vectors = self.vectors(nodes, edges)
        return (vectors[pair[0]] @ vectors[pair[1]]).reshape(1) / TEMPERATURE


def both_ways(graph: KnowledgeGraph) -> np.ndarray:
    """Every pair of nodes that some relation joins, once, both ways: int64 (2, E), in the one numbering."""
    ends = []
    for (source, _, target), edges in graph.relations.items():
        heads = edges.sources.astype(np.int64) + graph.nodes[source].start
        tails = edges.indices.astype(np.int64) + graph.nodes[target].start
        ends += [np.stack([heads, tails]), np.stack([tails, heads])]
    return np.unique(np.concatenate(ends, axis=1), axis=1)


class Rival:
    """A network trained on a graph, and the two explanations of its scores."""

    def __init__(self, graph: KnowledgeGraph, seed: int) -> None:
        torch.manual_seed(seed)
        self.graph = graph
        self.edges = torch.from_numpy(both_ways(graph))
        self.model = Attending(graph.n_nodes)
        bought = graph.relations[graph.find(graph.event_kind, USER)]
        users, items = (torch.from_numpy(ends.astype(np.int64)) for ends in (bought.sources, bought.indices))
        optimiser = torch.optim.Adam(self.model.parameters(), lr=RATE)
        start = graph.nodes[ITEM].start
        for _ in range(EPOCHS):
            drawn = torch.randint(len(users), (BATCH,))
            vectors = self.model.vectors(self.model.nodes, self.edges)
            logits = vectors[users[drawn] + graph.nodes[USER].start] @ vectors[start : start + graph.n_items].T
            loss = torch.nn.functional.cross_entropy(logits / TEMPERATURE, items[drawn])
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
        self.loss = float(loss)
        self.nodes = self.model.nodes.detach()
        self.attention = self._matrix(self._paid())

    def _paid(self) -> np.ndarray:
        """What the target of every edge pays its source, mean of both layers."""
        with torch.no_grad():
            nodes, paid = self.nodes, []
            for layer in self.model.layers:
                nodes, (_, weights) = layer(nodes, self.edges, return_attention_weights=True)
                paid.append(weights[:, 0])
        return torch.stack(paid).mean(dim=0).numpy()

    def _matrix(self, values: np.ndarray) -> csr_array:
        """Values of the edges: row the node that hears, column the one that is heard."""
        n = self.graph.n_nodes
        return csr_array((values, (self.edges[1].numpy(), self.edges[0].numpy())), (n, n))

    def masks(self, user: int, item: int) -> csr_array:
        """GNNExplainer's mask of every edge for one score, of both directions the larger."""
        explainer = Explainer(
            self.model,
            GNNExplainer(epochs=MASK_EPOCHS),
            explanation_type="model",
            edge_mask_type="object",
            model_config={"mode": "regression", "task_level": "graph", "return_type": "raw"},
        )
        masks: Any = explainer(self.nodes, self.edges, pair=(user, item)).edge_mask
        matrix = self._matrix(masks.detach().numpy().astype(np.float64))
        return matrix.maximum(matrix.T.tocsr()).tocsr()

    def by_attention(self, user: int, reasons: Sequence[Reason]) -> list[float]:
        return [self._along(self.attention, user, reason, best=False) for reason in reasons]

    def by_mask(self, user: int, item: int, reasons: Sequence[Reason]) -> list[float]:
        masks = self.masks(user, item)
        return [self._along(masks, user, reason, best=True) for reason in reasons]

    def _along(self, values: csr_array, user: int, reason: Reason, *, best: bool) -> float:
        """The product of a path's edges from the user on; over all customers passed by the sum, or the best."""
        reached = {user: 1.0}
        for nodes in self._nodes(reason):
            found: dict[int, float] = {}
            for start, worth in reached.items():
                row = slice(*values.indptr[start : start + 2])
                columns, data = values.indices[row], values.data[row]
                inside = (columns >= nodes.start) & (columns < nodes.stop)
                for node, value in zip(columns[inside].tolist(), (worth * data[inside]).tolist(), strict=True):
                    found[node] = max(found.get(node, 0.0), value) if best else found.get(node, 0.0) + value
            reached = found
        return sum(reached.values())

    def _nodes(self, reason: Reason) -> Iterator[range]:
        """For every stop of a path the nodes it can be: one, or all of its type."""
        for stop in reason.stops:
            kind = self.graph.nodes[stop.type]
            if stop.id is None:
                yield kind.range
            else:
                node = kind.start + int(kind.ids.to_index([stop.id])[0])
                yield range(node, node + 1)
