"""A linear graph neural network over the whole typed graph, in which users have no parameters.

He et al., "LightGCN: simplifying and powering graph convolution network for recommendation", SIGIR 2020, with two
changes: the graph is heterogeneous, and a user is her query, so that a new user needs no training. Trained by softmax
over items instead of BPR (Klenitskiy & Vasilev, "Turning dross into gold loss", RecSys 2023). It has never been run on
a GPU yet.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.evaluation import evaluate
from recsys.grid import Span
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Factors
from recsys.protocol import Protocol
from recsys.types import Holdout

if TYPE_CHECKING:
    from recsys.scorers.embeddings import Embeddings
    from recsys.training import Run


@dataclass(config=STRICT)
class LightGCN(LinearScorer):
    """score(i) = Σ over the query's events: weight · (e_n · ê_i + prior ‖e_n‖) · (d_i + 1)^output_power · demand(i).

    e = mean over l ≤ n_layers of Âˡ e⁰ with Â of `propagation.adjacency`; ê is e at length 1; d_i the interactions of
    item i. Since cosines can be negative, `prior` lifts them, so that demand acts on every item the same way.

    Learned are e⁰ of all nodes but users (whose e⁰ is 0: they pass messages on), by softmax over items of the cosine of
    query and item over `temperature`; a target is taken out of its own query, the rest of the query out of the softmax.
    Its explanation is one learned link per event.

    `n_epochs` are run, or with a validation at most that many (`training.Schedule`); how many it took is in `taught_`.
    Items without an edge get NaN. Raises RecsysError if the memory is too small or the training diverges.
    """

    embedding_size: PositiveInt = 64
    n_layers: NonNegativeInt = 2
    temperature: PositiveFloat = 0.1
    prior: NonNegativeFloat = 0.05
    output_power: float = 0.0
    n_epochs: PositiveInt = 20
    n_steps: PositiveInt = 10
    batch_size: PositiveInt = 512
    n_candidates: PositiveInt = 8192
    learning_rate: PositiveFloat = 0.03
    patience: PositiveInt = 4
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "lightgcn"

    reads_all_nodes: ClassVar[bool] = True
    EMPHASIS: ClassVar[frozenset[str]] = frozenset({"demand", "output_power"})
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "temperature": Span((0.07, 0.1, 0.2), 0.03, 0.5, log=True),
        "n_layers": Span((2, 4), 1, 5),
        "output_power": Span((0.0, 0.2), -0.2, 0.8),
        "demand": DEMANDS,
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None, run: Run | None = None) -> Self:
        from recsys.scorers.embeddings import Embeddings  # torch takes more than a second to import: serving needs none
        from recsys.training import Run, Schedule, device_of, train

        run = run or Run()
        self.taught_: dict[str, Any] = {}
        model = Embeddings(
            graph,
            self.weighting,
            replace(self.weighting, half_life=self.train_half_life),
            size=self.embedding_size,
            n_layers=self.n_layers,
            seed=self.seed,
            device=device_of(run.device),
        )
        self.degrees_ = model.degrees
        self.emphasis_ = self.emphasis(graph)
        if model.can_learn:
            schedule = Schedule(self.n_epochs, self.n_steps, self.learning_rate, self.patience, self.seed)
            loss = model.loss(self.batch_size, self.n_candidates, self.temperature)
            judge = None if validation is None else partial(self._judged, model, validation)
            identity = self._identity(graph, validation) if run.checkpoint else ""
            n_epochs = train(model.parameters, loss, judge, schedule, run, identity)
            if validation is not None:
                self.taught_["n_epochs"] = n_epochs
        self._set(model)
        self.opinion_ &= model.can_learn
        return self

    def emphasis(self, graph: KnowledgeGraph) -> NDArray[np.float32]:
        return (self.degrees_ + 1) ** np.float32(self.output_power) * super().emphasis(graph)

    def _set(self, model: Embeddings) -> None:
        """Take the embeddings as they are now."""
        nodes = model.now()
        lengths = np.linalg.norm(nodes, axis=1, keepdims=True)
        items = slice(model.items.start, model.items.stop)
        directions = nodes[items] / np.where(lengths[items] > 0, lengths[items], 1)
        lifted = np.hstack([directions, np.full((len(directions), 1), self.prior)])
        self.operator_ = Factors(np.hstack([nodes, lengths]), lifted.astype(np.float32))
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
