"""What a network is made of, how a step of its training draws, and the memory that both take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kg.graph import KnowledgeGraph

First = Literal["random", "spectral", "filter"]
Similarity = Literal["cosine", "dot"]
Precision = Literal["float32", "bfloat16"]
_BYTES = 4
_OF_CHOSEN = 40  # numbers for each chosen item of a pair: where it is, in which order, and what comes of it


@dataclass(frozen=True)
class Shape:
    """What a model is made of: how many numbers a node has, how many layers, and where they begin.

    sharpness  the power of the singular values in a spectral start: with 0 all vectors count alike
    features   names of node features that e⁰ depends on
    precision  torch's name for the numbers that messages are made of
    """

    size: int
    n_layers: int
    first: First
    seed: int
    sharpness: float = 0.5
    features: tuple[str, ...] = ()
    precision: Precision = "float32"


@dataclass(frozen=True)
class Batch:
    """How a step draws and compares: so many pairs, and beside their items so many others as candidates.

    n_negatives   of a pair, for it alone and instead of the candidates; 0: all are told from the same candidates
    similarity    "cosine", or "dot": then an item's length counts, and the query's does not
    dropout       the share of the events that no message passes along, drawn anew
    own_messages  whether the pairs of the batch pass messages along
    hidden        the share of the items that pass for new, drawn anew: known by their attributes alone
    """

    size: int
    n_candidates: int
    temperature: float
    similarity: Similarity = "cosine"
    dropout: float = 0.0
    own_messages: bool = True
    n_negatives: int = 0
    hidden: float = 0.0


def memory(graph: KnowledgeGraph, shape: Shape, batch: Batch) -> int:
    """The bytes that training takes beside the graph, about."""
    copies = shape.n_layers + 8  # of all embeddings at once: layers, gradients, Adam's moments, the best so far
    edges = sum(map(len, graph.relations.values()))
    if batch.n_negatives:
        asked = batch.size * _OF_CHOSEN * (1 + batch.n_negatives) + 4 * min(batch.size, graph.n_users) * shape.size
    else:
        asked = batch.size * (5 * min(graph.n_items, batch.n_candidates + batch.size) + 8 * shape.size)
    return _BYTES * (copies * graph.n_nodes * shape.size + 12 * edges + asked)
