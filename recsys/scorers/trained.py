"""What scorers that learn by gradient share: how long they learn, from how much at once, and who says when to stop."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, NonNegativeInt, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from kg.graph import KnowledgeGraph
from recsys import losses
from recsys.evaluation import evaluate
from recsys.linear import STRICT
from recsys.protocol import Protocol
from recsys.types import Holdout

if TYPE_CHECKING:
    from recsys.training import Run, Task


def _known(name: str) -> str:
    if name not in losses.LOSSES:
        raise ValueError(f"There are: {', '.join(losses.LOSSES)}")
    return name


@dataclass(config=STRICT)
class Trained:
    """A scorer whose `fit` takes the circumstances as `run` and sets `taught_`, what `_train` returns.

    `n_epochs` of `n_steps` steps are run, or with a validation at most that many (`training.Schedule`). A step makes
    `loss` (`recsys.losses`) small on `batch_size` examples, each against all items or, where there are more than
    `n_candidates`, against so many drawn ones and the other targets of the batch; with 0 these alone.
    """

    loss: Annotated[str, AfterValidator(_known)] = "softmax"
    n_epochs: PositiveInt = 20
    n_steps: PositiveInt = 10
    batch_size: PositiveInt = 512
    n_candidates: NonNegativeInt = 8192
    learning_rate: PositiveFloat = 0.01
    patience: PositiveInt = 4
    train_half_life: PositiveFloat | None = 180
    seed: int = 0

    def _train(
        self, graph: KnowledgeGraph, validation: Holdout | None, run: Run, task: Task, take: Callable[[], None]
    ) -> dict[str, Any]:
        """Learn the parameters of a task; `take` makes them, as they are, what the scorer scores by.

        Returns what validation taught: how many epochs to run.
        """
        from recsys.training import Schedule, train

        judge = None if validation is None else partial(self._judged, take, validation)
        schedule = Schedule(self.n_epochs, self.n_steps, self.learning_rate, self.patience, self.seed)
        identity = self._identity(graph, validation) if run.checkpoint else ""
        n_epochs = train(replace(task, judge=judge, batch_size=self.batch_size), schedule, run, identity)
        return {} if validation is None else {"n_epochs": n_epochs}

    def _judged(self, take: Callable[[], None], validation: Holdout) -> float:
        """NDCG of what is new to the users of the validation."""
        take()
        scorer: Any = self
        protocol = Protocol(repeats="exclude", metrics=("ndcg",))
        return evaluate({"": scorer}, validation, protocol, ["warm"]).mean("")

    def _identity(self, graph: KnowledgeGraph, validation: Holdout | None) -> str:
        """Tells this training from any other: graph, parameters, and whether there is a validation."""
        told = json.dumps([graph.hash, asdict(self), validation is not None], default=str, sort_keys=True)
        return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
