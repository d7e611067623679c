"""Several scorers as one:  score = Σ w_f · s_f / σ_f.

No centring: a constant per user moves no rank. σ_f is learned once, so that the fusion of additive scorers is additive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.blocks import cached
from recsys.deadline import NEVER, Deadline
from recsys.errors import RecsysError
from recsys.types import Contribution, Explanation, Holdout, Path, Scorer, Scores, explainer, explains


class Fusion:
    """A scorer made of fitted scorers.

    weights_    float64 (F,)  w_f ≥ 0
    newcomers_  float64 (F,)  those for whoever has no event at all
    scales_     float64 (F,)  σ_f, the standard deviation of the scorer's scores on validation
    missing_    float64 (F,)  what stands in for a score of NaN: 0, or the scorer's median on validation if less
    """

    name = "fusion"

    def __init__(self, parts: Mapping[str, Scorer]) -> None:
        self.parts = dict(parts)
        self.weights_: NDArray[np.float64] = np.ones(len(parts))
        self.newcomers_: NDArray[np.float64] = np.ones(len(parts))
        self.scales_: NDArray[np.float64] = np.ones(len(parts))
        self.missing_: NDArray[np.float64] = np.zeros(len(parts))

    def __repr__(self) -> str:
        weights = ", ".join(f"{name} {weight:.3g}" for name, weight in zip(self.parts, self.weights_, strict=True))
        return f"Fusion({weights})"

    @property
    def additive(self) -> bool:
        return all(explains(part) and part.additive for part in self.used.values())

    @property
    def learned(self) -> NDArray[np.float64]:
        """All that was learned, a row for each part, float64 (F, 4): weights, scales, missing, newcomers."""
        return np.stack([self.weights_, self.scales_, self.missing_, self.newcomers_], axis=1)

    @learned.setter
    def learned(self, rows: NDArray[np.float64]) -> None:
        self.weights_, self.scales_, self.missing_, self.newcomers_ = np.array(rows, dtype=np.float64).T

    @property
    def used(self) -> dict[str, Scorer]:
        """The parts that have a weight, by name."""
        weights = self.weights_ + self.newcomers_
        return {name: part for (name, part), weight in zip(self.parts.items(), weights, strict=True) if weight}

    @property
    def factors(self) -> NDArray[np.float64]:
        """What every part's score is multiplied by for whoever has a history, float64 (F,)."""
        return self.weights_ / self.scales_

    def factors_of(self, query: Query) -> NDArray[np.float64]:
        """The same for every row, float64 (B, F)."""
        return np.where(np.diff(query.indptr)[:, None] > 0, self.factors, self.newcomers_ / self.scales_)

    def settled(self) -> Fusion:
        """The same with the weights of those with a history for everybody: what somebody's events add up from."""
        same = Fusion(self.parts)
        same.learned = self.learned
        same.newcomers_ = same.weights_
        return same

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Fit every part on `graph`."""
        for part in self.parts.values():
            part.fit(graph, validation)
        return self

    def score(self, query: Query) -> Scores:
        return self.mix(query, lambda part: part.score(query))

    def mix(self, query: Query, score: Callable[[Scorer], Scores]) -> Scores:
        """The score from the parts' own, for who has those already: `score` gives those of a part for `query`."""
        total = np.zeros((len(query), len(query.items)), dtype=np.float32)
        factors = self.factors_of(query).astype(np.float32)
        for place, (part, missing) in enumerate(zip(self.parts.values(), self.missing_, strict=True)):
            if not factors[:, place].any():
                continue
            scores = score(part)
            for rows in cached(*scores.shape):
                factor = factors[rows, place, None]
                said = factor * scores[rows]
                np.copyto(said, factor * np.float32(missing), where=np.isnan(said))
                total[rows] += said
        return total

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        """The parts' contributions, each times its factor; a part without an opinion speaks as a constant."""
        return self.explainer(query, row)(item)

    def explainer(self, query: Query, row: int, deadline: Deadline = NEVER) -> Callable[[int], Explanation]:
        asked, additive = [], self.additive
        (factors,) = self.factors_of(query.alone(row))
        for (name, part), factor, missing in zip(self.parts.items(), factors, self.missing_, strict=True):
            if not factor:
                continue
            if not explains(part):
                fix = (
                    "Ask --attribute, an estimate, or train without it: name the others under [scorers] of the config."
                )
                raise RecsysError("this scorer cannot be explained exactly", value=name, fix=fix)
            asked.append((name, explainer(part, query, row, deadline), float(factor), float(missing)))

        def explain(item: int) -> Explanation:
            score, blocks = 0.0, []
            for name, ask, factor, missing in asked:
                told = ask(item)
                if np.isnan(told.score):
                    absent = Contribution(missing, "constant", name, path=Path((query.items.start + item,)))
                    told = Explanation.of(query, row, item, missing, (absent,), additive=True)
                score += factor * told.score
                blocks += [block.scaled(factor) for block in told.columns.blocks]
            return Explanation.of(query, row, item, score, blocks, additive=additive, cut_ms=deadline.cut_ms)

        return explain
