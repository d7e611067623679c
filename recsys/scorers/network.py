"""A graph network as a scorer: embeddings of all nodes, learned; a user has none of her own, she is her query.

So a new user needs no training, and whatever made the embeddings, a score is a sum over the events of the query.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys import losses
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Factors
from recsys.scorers.memory import require
from recsys.scorers.shapes import Batch, First, Shape, Similarity
from recsys.scorers.trained import Trained
from recsys.types import Holdout

if TYPE_CHECKING:
    import torch

    from recsys.scorers.trainable import Trainable
    from recsys.training import Run


@dataclass(config=STRICT)
class Network(Trained, LinearScorer):
    """score(i) = Σ over events: weight · (e_n · ê_i + prior ‖e_n‖ ‖ê_i‖) · (d_i + 1)^output_power · demand(i).

    e are the embeddings that `_model` makes of learned e⁰ in `n_layers` layers; ê is e, at length 1 where `similarity`
    is "cosine"; d_i the interactions of item i. Since products can be negative, `prior` lifts them, so that demand acts
    on every item the same way.

    The loss is of the product of ê and the query at length 1, over `temperature`; a target is taken out of its own
    query, the rest of the query out of the negatives. With `n_negatives` a pair is told from so many items drawn for it
    alone instead of from everybody's candidates: then a step can take the pairs of a whole epoch. Messages skip a share
    `dropout` of the events, drawn for every step, and without `own_messages` those that the batch is asked about. A
    share `hidden` of the items, drawn so too, passes for new: neither their events nor their own e⁰ count, so that
    attributes learn to speak for them. What nobody had is no negative. e⁰ is
    0 of users, who pass messages on; of others it begins at random, or with the singular vectors of the interactions
    times the singular values to the power `sharpness` (`first` = "spectral"; 0 for all but items), or as the spectral
    scorer reads them, normalised by its powers of the degrees instead of roots ("filter"). To it is added a
    learned sum of the node features that `features` names, such as an item's price, each standardised within its type;
    what is unknown counts as the mean.

    Items without an edge get NaN. Raises RecsysError if the memory is too small or the training diverges.
    """

    embedding_size: PositiveInt = 64
    n_layers: NonNegativeInt = 2
    first: First = "spectral"
    sharpness: NonNegativeFloat = 0.5
    features: tuple[str, ...] = ()
    similarity: Similarity = "cosine"
    temperature: PositiveFloat = 0.1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    own_messages: bool = True
    hidden: Annotated[float, Field(ge=0, lt=1)] = 0.0
    n_negatives: NonNegativeInt = 0
    prior: NonNegativeFloat = 0.05
    output_power: float = 0.0
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "network"

    reads_all_nodes: ClassVar[bool] = True
    EMPHASIS: ClassVar[frozenset[str]] = frozenset({"demand", "output_power"})
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "temperature": Span((0.07, 0.1, 0.2), 0.03, 0.5, log=True),
        "n_layers": Span((2, 4), 1, 5),
        "output_power": Span((0.0, 0.2), -0.2, 0.8),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None, run: Run | None = None) -> Self:
        # torch takes more than a second to import: serving needs none
        from recsys.training import Run, Task, device_of, free_on

        run = run or Run()
        self.taught_: dict[str, Any] = {}
        shape = Shape(self.embedding_size, self.n_layers, self.first, self.seed, self.sharpness, self.features)
        batch = Batch(
            self.batch_size,
            self.n_candidates,
            self.temperature,
            self.similarity,
            self.dropout,
            self.own_messages,
            self.n_negatives,
            self.hidden,
        )
        device, needed = device_of(run.device), self._memory(graph, shape, batch)
        require(needed, self.name, instead="walks", on_gpu=free_on(device))
        run.say(f"{self.name}: about {needed / 1e6:,.0f} MB beside the graph")
        lasting = replace(self.weighting, half_life=self.train_half_life)
        model = self._model(graph, lasting, shape, device)
        self.degrees_ = model.pairs.degrees
        self.emphasis_ = self.emphasis(graph)
        if model.can_learn:
            of_batch = partial(model.losses, batch=batch, loss=losses.named(self.loss))
            task = Task(model.parameters, of_batch, traffic=model.traffic)
            self.taught_ = self._train(graph, validation, run, task, partial(self._take, model))
        self._take(model)
        self.opinion_ &= model.can_learn
        self._remember(graph, model)
        return self

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        return (self.degrees_ + 1) ** np.float32(self.output_power) * super().emphasis(graph)

    def _model(self, graph: KnowledgeGraph, lasting: Weighting, shape: Shape, device: torch.device) -> Trainable:
        """What makes the embeddings; `lasting` weighs the events that are learned from."""
        raise NotImplementedError

    def _memory(self, graph: KnowledgeGraph, shape: Shape, batch: Batch) -> int:
        """The bytes that training takes beside the graph, about."""
        raise NotImplementedError

    def _remember(self, graph: KnowledgeGraph, model: Trainable) -> None:
        """Keep what explanations read beside the embeddings: nothing, until a network says more."""

    def _take(self, model: Trainable) -> None:
        """Score by the embeddings as they are now."""
        nodes = model.now()
        lengths = np.linalg.norm(nodes, axis=1, keepdims=True)
        items = slice(model.items.start, model.items.stop)
        offered, sizes = nodes[items], lengths[items]
        if self.similarity == "cosine":
            offered = (offered / np.where(sizes > 0, sizes, 1)).astype(np.float32)
            sizes = np.sign(sizes)
        self.operator_ = Factors(np.hstack([nodes, lengths]), np.hstack([offered, np.float32(self.prior) * sizes]))
        self.opinion_ = model.linked.copy()
