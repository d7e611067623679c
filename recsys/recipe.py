"""What validation taught, small enough to read: parameters of scorers and, per protocol, the weights of the fusion."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kg.graph import KnowledgeGraph
from recsys.fusion import Fusion
from recsys.protocol import Repeats
from recsys.scorers import create
from recsys.store import parameters
from recsys.types import Holdout, Scorer


class Say(Protocol):
    """Told what is being done, and where known the share of the stage that is done, 0 … 1."""

    def __call__(self, text: str, share: float | None = None, /) -> None: ...


def silent(_: str, share: float | None = None, /) -> None:
    """Say nothing."""


@dataclass(frozen=True)
class Conditions:
    """The circumstances of a fit; they change nothing that is learned on one kind of device.

    device   "auto" takes a GPU where there is one
    scratch  a folder: training that is broken off goes on from what it kept there
    log      a folder for TensorBoard
    say      told what is being done
    """

    device: str = "auto"
    scratch: Path | None = None
    log: Path | None = None
    say: Say = silent

    def within(self, first: float, last: float) -> Conditions:
        """The same for a piece of work that is from `first` to `last` (shares) of the whole."""

        def say(text: str, share: float | None = None, /) -> None:
            self.say(text, first + (share or 0.0) * (last - first))

        return replace(self, say=say)

    def fit(self, scorer: Scorer, graph: KnowledgeGraph, validation: Holdout | None = None) -> Scorer:
        """Fit a scorer; one that is trained by gradient steps is told the circumstances."""
        name = getattr(scorer, "name", type(scorer).__name__)
        self.say(f"fitting {name}")
        if not by_gradient(scorer):
            return scorer.fit(graph, validation)
        from recsys.journal import Progress
        from recsys.training import Run

        def told(progress: Progress) -> None:
            self.say(f"{name}: {progress}", progress.epoch / progress.n_epochs)

        own = f"{name}-{_hash([parameters(scorer), graph.hash, validation is None])}"
        run: Any = Run(
            self.device,  # type: ignore[arg-type]  # checked where it is used
            checkpoint=self.scratch and self.scratch / own,
            log=self.log and self.log / name,
            progress=told,
            say=self.say,
        )
        return scorer.fit(graph, validation, run)  # type: ignore[call-arg]


@dataclass(frozen=True)
class Recipe:
    """How to make a shop's scorers and fusions.

    scorers  parameters by name
    weights  per protocol and scorer what a fusion has `learned`, the weight first
    """

    scorers: Mapping[str, Mapping[str, Any]]
    weights: Mapping[Repeats, Mapping[str, tuple[float, float, float, float]]]

    @classmethod
    def of(cls, parts: Mapping[str, Scorer], fusions: Mapping[Repeats, Fusion]) -> Recipe:
        """From fitted parts and the learned fusions of them."""
        weights = {
            repeats: dict(zip(parts, map(tuple, fusion.learned.tolist()), strict=True))
            for repeats, fusion in fusions.items()
        }
        return cls({name: parameters(part) | getattr(part, "taught_", {}) for name, part in parts.items()}, weights)

    def fit(self, graph: KnowledgeGraph, conditions: Conditions) -> dict[str, Scorer]:
        """The scorers, fitted on a graph."""
        n = len(self.scorers)
        return {
            name: conditions.within(place / n, (place + 1) / n).fit(create(name, **given), graph)
            for place, (name, given) in enumerate(self.scorers.items())
        }

    def fusions(self, parts: Mapping[str, Scorer]) -> dict[Repeats, Fusion]:
        """A fusion per protocol, of the same fitted parts."""
        fusions = {}
        for repeats, weights in self.weights.items():
            fusions[repeats] = fusion = Fusion(parts)
            fusion.learned = np.array([weights[name] for name in parts])
        return fusions

    def to_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def seeded(name: str, given: Mapping[str, Any], seed: int) -> Scorer:
    """An unfitted scorer; one that draws random numbers takes `seed`, unless its own is given."""
    scorer = create(name, **given)
    return replace(scorer, seed=seed) if hasattr(scorer, "seed") and "seed" not in given else scorer  # type: ignore[type-var]


def by_gradient(scorer: Scorer) -> bool:
    """Whether a scorer is trained step by step: then its `fit` takes the circumstances as `run`."""
    return "run" in inspect.signature(scorer.fit).parameters


def _hash(document: Any) -> str:
    return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=8).hexdigest()
