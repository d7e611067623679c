"""What comes next, by a transformer over what a person did so far.

Kang & McAuley, "Self-attentive sequential recommendation", ICDM 2018, with the softmax over sampled items of Klenitskiy
& Vasilev, "Turning dross into gold loss", RecSys 2023. A basket has no order: what happened at one moment sees all of
that moment, places are counted in moments, and what is predicted is everything of the next one.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys import losses
from recsys.errors import RecsysError
from recsys.grid import Span
from recsys.linear import STRICT
from recsys.scorers.memory import require
from recsys.scorers.sequences import TARGETS, Sequences
from recsys.scorers.trained import Trained
from recsys.types import Holdout, Scores

if TYPE_CHECKING:
    from recsys.scorers.encoder import Encoder
    from recsys.training import Run

_BLOCK = 256  # rows of the query that are read at once
_BYTES, _COPIES = 4, 8  # of a number; of all embeddings at once: gradients, Adam's moments, the best so far
_STATES, _HEARD, _LOGITS = (
    20,
    4,
    5,
)  # kept for the way back: states of an event, its attention, what a target is told from


@dataclass(config=STRICT)
class SASRec(Trained):
    """score(i) = h · E_i + b_i, with h what `n_blocks` of attention make of the last `max_length` events.

    Events are those on items that weigh anything, by `weighting`. Learned on stretches of `max_length` events, of which
    `batch_size` are drawn for a step: events are predicted from those of earlier moments. What is learned from counts
    half as much every `train_half_life` days.

    It does not explain itself: no event answers for a share of h. Whoever has no event gets 0, an item that nobody had
    NaN. Raises RecsysError if the memory is too small or the training diverges.
    """

    embedding_size: PositiveInt = 64
    n_blocks: PositiveInt = 2
    n_heads: PositiveInt = 2
    max_length: PositiveInt = 100
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    n_steps: PositiveInt = 50
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 0.003
    train_half_life: PositiveFloat | None = 60
    weighting: Weighting = Weighting()
    name: str = "sasrec"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "dropout": Span((0.2, 0.4), 0.0, 0.6),
        "max_length": Span((100,), 10, 200, log=True),
        "embedding_size": Span((64,), 16, 256, log=True),
        "learning_rate": Span((0.003,), 0.0003, 0.01, log=True),
        "train_half_life": Span((60, 20, None), 7.0, 1000.0, log=True),
    }

    def __post_init__(self) -> None:
        if self.embedding_size % self.n_heads:
            fix = f"Give an embedding_size that {self.n_heads} divides."
            raise RecsysError("attention splits an embedding among its heads", value=self.embedding_size, fix=fix)

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None, run: Run | None = None) -> Self:
        """Set the state.

        names_, weights_  the parameters of the encoder; opinion_ bool (n_items,), whether anybody had an item
        """
        from recsys.scorers.encoder import Learner
        from recsys.training import Run, Task, device_of, free_on

        run = run or Run()
        device, needed = device_of(run.device), self._memory(graph)
        require(needed, self.name, instead="session_knn", on_gpu=free_on(device))
        run.say(f"{self.name}: about {needed / 1e6:,.0f} MB beside the graph")
        sequences = Sequences.of(graph.query(), self.weighting)
        encoder = self._encoder(graph.n_items).to(device)
        fading = replace(self.weighting, half_life=self.train_half_life)
        learner = Learner(encoder, sequences, self.max_length, fading, graph.now)
        self.taught_ = {}
        self.opinion_ = (np.bincount(sequences.items, minlength=graph.n_items) > 0) & learner.can_learn
        if learner.can_learn:
            of_batch = partial(
                learner.losses, size=self.batch_size, most=self.n_candidates, loss=losses.named(self.loss)
            )
            parameters = {name.replace(".", "/"): tensor for name, tensor in encoder.named_parameters()}
            task = Task(parameters, of_batch)
            self.taught_ = self._train(graph, validation, run, task, partial(self._take, encoder))
        self._take(encoder)
        return self

    def score(self, query: Query) -> Scores:
        import torch

        state = zip(self.names_, map(torch.from_numpy, self.weights_), strict=True)
        encoder = self._encoder(len(query.items))
        encoder.load_state_dict(dict(state))
        encoder.eval()
        sequences = Sequences.of(query, self.weighting)
        scores = np.zeros((len(query), len(query.items)), dtype=np.float32)
        rows = np.flatnonzero(np.diff(sequences.indptr))
        for start in range(0, len(rows), _BLOCK):
            block = rows[start : start + _BLOCK]
            scores[block] = encoder.scores(sequences.last(block, self.max_length)).numpy()
        scores[:, ~self.opinion_] = np.nan
        return scores

    def _encoder(self, n_items: int) -> Encoder:
        from recsys.scorers.encoder import Encoder, Layout

        return Encoder(n_items, Layout(self.embedding_size, self.n_blocks, self.n_heads, self.dropout), self.seed)

    def _take(self, encoder: Encoder) -> None:
        """Score by the parameters as they are now."""
        state = encoder.state_dict()
        self.names_, self.weights_ = tuple(state), tuple(tensor.cpu().numpy().copy() for tensor in state.values())

    def _memory(self, graph: KnowledgeGraph) -> int:
        """The bytes that training takes beside the graph, about."""
        events = self.batch_size * self.max_length
        blocks = self.n_blocks * events * (_STATES * self.embedding_size + _HEARD * self.n_heads * self.max_length)
        targets = self.batch_size * TARGETS
        logits = _LOGITS * targets * min(graph.n_items, self.n_candidates + targets)
        return _BYTES * (_COPIES * graph.n_items * self.embedding_size + blocks + logits)
