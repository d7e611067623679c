"""How good the rankings are: all items ranked, every user's figures kept, intervals and a paired test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.fusion import Fusion
from recsys.metrics import Lists, metric
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import blocks as row_blocks
from recsys.ranking import rank
from recsys.significance import intervals, paired
from recsys.types import Holdout, Scorer, Scores

Figures = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every user's figures.

    figures  [scorer][group][metric@k]: float64 (users of the group,), or one number for a metric of all lists
    curves   [scorer]: mean recall of the warm group in lists of 1, 2, … max(k), float64 (max(k),)
    """

    protocol: Protocol
    figures: Mapping[str, Mapping[str, Figures]]
    curves: Mapping[str, NDArray[np.float64]]
    left_out: Mapping[str, int]

    def mean(self, scorer: str, metric_name: str | None = None, group: str = "warm") -> float:
        return float(self.figures[scorer][group][metric_name or self.protocol.decisive].mean())

    @property
    def best_single(self) -> str | None:
        """The scorer, fusion apart, with the highest decisive metric on this very holdout; None: only a fusion."""
        return max((name for name in self.figures if name != "fusion"), key=self.mean, default=None)

    def to_json(self) -> dict[str, Any]:
        rows = [
            {"name": name, "metrics": self._summary(groups["warm"]),
             "groups": {group: self._summary(part) for group, part in groups.items() if group != "warm"},
             "recall_curve": self.curves[name].tolist()}
            for name, groups in self.figures.items()
        ]  # fmt: skip
        document: dict[str, Any] = {"protocol": self._protocol(), "scorers": rows, "best_single": self.best_single}
        if "fusion" in self.figures and self.best_single:
            decisive = self.protocol.decisive
            values = [self.figures[name]["warm"][decisive] for name in ("fusion", self.best_single)]
            document["fused_vs_best"] = paired(*values, **self._resampling()).to_json()
        return document

    def _protocol(self) -> dict[str, Any]:
        users = len(next(iter(self.figures.values()))["warm"][self.protocol.decisive])
        return {
            "repeats": self.protocol.repeats,
            "k": list(self.protocol.k),
            "decisive": self.protocol.decisive,
            "level": self.protocol.level,
            "resamples": self.protocol.resamples,
            "users": users,
            "left_out": dict(self.left_out),
        }

    def _resampling(self) -> dict[str, Any]:
        return {"resamples": self.protocol.resamples, "level": self.protocol.level, "seed": self.protocol.seed}

    def _summary(self, figures: Figures) -> dict[str, dict[str, float]]:
        """Means with intervals; a metric of all lists is a count, not an estimate: its interval has no width."""
        means = {name: float(values.mean()) for name, values in figures.items()}
        per_user = [name for name, values in figures.items() if values.ndim]
        low, high = intervals(np.stack([figures[name] for name in per_user], axis=1), **self._resampling())
        lows = means | dict(zip(per_user, low.tolist(), strict=True))
        highs = means | dict(zip(per_user, high.tolist(), strict=True))
        return {name: {"mean": mean, "low": lows[name], "high": highs[name]} for name, mean in means.items()}


def evaluate(scorers: Mapping[str, Scorer], holdout: Holdout, protocol: Protocol) -> Evaluation:
    """Rank all items for every user with targets, by every scorer; raises RecsysError where nobody can be asked.

    A fusion is mixed from the scores of those of its parts that stand among the scorers.
    """
    groups = asked(holdout, protocol)
    popularity = holdout.popularity
    assert popularity is not None  # `asked` has checked it
    wanted = {group: np.diff(targets.indptr) > 0 for group, targets in groups.items()}
    rows = np.flatnonzero(np.any(list(wanted.values()), axis=0))
    k = max(protocol.k)
    lists = {name: {group: [np.empty((0, k), np.int64)] for group in groups} for name in scorers}
    for block in row_blocks(len(rows), len(holdout.query.items), len(scorers)):
        query = holdout.query.take(rows[block])
        excluded = seen_before(holdout, protocol, query)
        for name, scores in _all_scores(scorers, query):
            for group in groups:
                allowed = popularity == 0 if group == "cold_items" else None
                mine = wanted[group][rows[block]]
                part = None if excluded is None else excluded[np.flatnonzero(mine)]
                lists[name][group].append(rank(scores[mine], k, excluded=part, allowed=allowed).items)
    figures: dict[str, dict[str, Figures]] = {name: {} for name in scorers}
    curves: dict[str, NDArray[np.float64]] = {}
    for name in scorers:
        for group, targets in groups.items():
            chosen = targets[np.flatnonzero(wanted[group])]
            judged = Lists.of(np.concatenate(lists[name][group]), chosen, popularity, holdout.n_users)
            figures[name][group] = {f"{m}@{n}": metric(m)(judged, n) for m in protocol.metrics for n in protocol.k}
            if group == "warm":
                curves[name] = np.array([metric("recall")(judged, n).mean() for n in range(1, k + 1)])
    return Evaluation(protocol, figures, curves, holdout.left_out)


def _all_scores(scorers: Mapping[str, Scorer], query: Query) -> Iterator[tuple[str, Scores]]:
    """Every scorer's scores, each computed once; those of fusions from the others'."""
    known: dict[int, Scores] = {}

    def score(scorer: Scorer) -> Scores:
        if id(scorer) not in known:
            known[id(scorer)] = scorer.score(query)
        return known[id(scorer)]

    for name, scorer in scorers.items():
        yield name, scorer.mix(query, score) if isinstance(scorer, Fusion) else score(scorer)
