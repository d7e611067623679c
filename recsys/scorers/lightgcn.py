"""A linear graph neural network over the whole typed graph, in which users have no parameters.

He et al., "LightGCN: simplifying and powering graph convolution network for recommendation", SIGIR 2020, with two
changes: the graph is heterogeneous, with a weight for each relation and layer, and a user is her query, so that a new
user needs no training. It has never been run on a GPU yet.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys import losses
from recsys.demand import DEMANDS, Demand
from recsys.evaluation import evaluate
from recsys.grid import Span
from recsys.linear import STRICT
from recsys.operators import Factors
from recsys.protocol import Protocol
from recsys.scorers.memory import require
from recsys.scorers.network import Network
from recsys.scorers.shapes import Batch, First, Shape, Similarity, memory
from recsys.types import Holdout

if TYPE_CHECKING:
    from recsys.scorers.embeddings import Embeddings
    from recsys.training import Run


def _known(name: str) -> str:
    if name not in losses.LOSSES:
        raise ValueError(f"There are: {', '.join(losses.LOSSES)}")
    return name


@dataclass(config=STRICT)
class LightGCN(Network):
    """score(i) = Σ over events: weight · (e_n · ê_i + prior ‖e_n‖ ‖ê_i‖) · (d_i + 1)^output_power · demand(i).

    e = mean over l ≤ n_layers of eˡ, each a layer of `propagation` on the one before; ê is e, at length 1 where
    `similarity` is "cosine"; d_i the interactions of item i. Since products can be negative, `prior` lifts them, so
    that demand acts on every item the same way.

    Learned are e⁰ of all nodes but users (whose e⁰ is 0: they pass messages on) and the relations' weights, by `loss`
    (`recsys.losses`) of the product of ê and the query at length 1, over `temperature`; a target is taken out of its
    own query, the rest of the query out of the negatives. Where there are more than `n_candidates` items, negatives are
    so many drawn ones and the other targets of the batch; with 0 these alone. Messages skip a share `dropout` of the
    events, drawn for every step, and without `own_messages` those that the batch is asked about. e⁰ begins at random,
    or with the singular vectors of the interactions times the singular values to the power `sharpness` (`first` =
    "spectral"; 0 for all but items).

    `n_epochs` are run, or with a validation at most that many (`training.Schedule`); how many it took is in `taught_`.
    Items without an edge get NaN. Raises RecsysError if the memory is too small or the training diverges.
    """

    embedding_size: PositiveInt = 64
    n_layers: NonNegativeInt = 2
    first: First = "spectral"
    sharpness: NonNegativeFloat = 0.5
    loss: Annotated[str, AfterValidator(_known)] = "softmax"
    similarity: Similarity = "cosine"
    temperature: PositiveFloat = 0.1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    own_messages: bool = True
    prior: NonNegativeFloat = 0.05
    output_power: float = 0.0
    n_epochs: PositiveInt = 20
    n_steps: PositiveInt = 10
    batch_size: PositiveInt = 512
    n_candidates: NonNegativeInt = 8192
    learning_rate: PositiveFloat = 0.01
    patience: PositiveInt = 4
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "lightgcn"

    EMPHASIS: ClassVar[frozenset[str]] = frozenset({"demand", "output_power"})
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "temperature": Span((0.07, 0.1, 0.2), 0.03, 0.5, log=True),
        "n_layers": Span((2, 4), 1, 5),
        "output_power": Span((0.0, 0.2), -0.2, 0.8),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None, run: Run | None = None) -> Self:
        from recsys.scorers.embeddings import Embeddings  # torch takes more than a second to import: serving needs none
        from recsys.training import Run, Schedule, Task, device_of, train

        run = run or Run()
        self.taught_: dict[str, Any] = {}
        shape = Shape(self.embedding_size, self.n_layers, self.first, self.seed, self.sharpness)
        batch = Batch(
            self.batch_size, self.n_candidates, self.temperature, self.similarity, self.dropout, self.own_messages
        )
        needed = memory(graph, shape, batch)
        require(needed, self.name, instead="walks")
        run.say(f"{self.name}: about {needed / 1e6:,.0f} MB beside the graph")
        lasting = replace(self.weighting, half_life=self.train_half_life)
        model = Embeddings(graph, self.weighting, lasting, shape, device_of(run.device))
        self.degrees_ = model.pairs.degrees
        self.emphasis_ = self.emphasis(graph)
        if model.can_learn:
            of_batch = partial(model.losses, batch=batch, loss=losses.named(self.loss))
            judge = None if validation is None else partial(self._judged, model, validation)
            task = Task(model.parameters, of_batch, judge, self.batch_size, model.plan.traffic(self.embedding_size))
            schedule = Schedule(self.n_epochs, self.n_steps, self.learning_rate, self.patience, self.seed)
            identity = self._identity(graph, validation) if run.checkpoint else ""
            n_epochs = train(task, schedule, run, identity)
            if validation is not None:
                self.taught_["n_epochs"] = n_epochs
        self._set(model)
        self.opinion_ &= model.can_learn
        self._keep_walks(graph, model.bridges, *model.learned())
        return self

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        return (self.degrees_ + 1) ** np.float32(self.output_power) * super().emphasis(graph)

    def _set(self, model: Embeddings) -> None:
        """Take the embeddings as they are now."""
        nodes = model.now()
        lengths = np.linalg.norm(nodes, axis=1, keepdims=True)
        items = slice(model.items.start, model.items.stop)
        offered, sizes = nodes[items], lengths[items]
        if self.similarity == "cosine":
            offered = (offered / np.where(sizes > 0, sizes, 1)).astype(np.float32)
            sizes = np.sign(sizes)
        self.operator_ = Factors(np.hstack([nodes, lengths]), np.hstack([offered, np.float32(self.prior) * sizes]))
        self.opinion_ = model.linked

    def _judged(self, model: Embeddings, validation: Holdout) -> float:
        """NDCG of what is new to the users of the validation."""
        self._set(model)
        protocol = Protocol(repeats="exclude", metrics=("ndcg",))
        return evaluate({self.name: self}, validation, protocol, ["warm"]).mean(self.name)

    def _identity(self, graph: KnowledgeGraph, validation: Holdout | None) -> str:
        """Tells this training from any other: graph, parameters, and whether there is a validation."""
        told = json.dumps([graph.hash, asdict(self), validation is not None], default=str, sort_keys=True)
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
