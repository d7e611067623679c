"""How good the rankings are: all items ranked, every user's figures kept, intervals and a paired test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.fusion import Fusion
from recsys.metrics import Lists, metric
from recsys.protocol import COLD_ITEMS, Protocol, asked, seen_before
from recsys.ranking import blocks as row_blocks
from recsys.ranking import rank
from recsys.significance import intervals, paired
from recsys.threads import allowed
from recsys.types import Holdout, Scorer, Scores

_WORKERS = 4  # threads at most: each holds a block of scores, which bounds the memory
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

    def beside(self, other: Evaluation) -> Evaluation:
        """With the scorers of another one under the same protocol after its own."""
        figures, curves = {**self.figures, **other.figures}, {**self.curves, **other.curves}
        return replace(self, figures=figures, curves=curves)

    def __repr__(self) -> str:
        means = ", ".join(f"{name} {self.mean(name):.3f}" for name in self.figures)
        return f"Evaluation({self.protocol.decisive}: {means})"

    def _repr_html_(self) -> str:
        from recsys.standings import tables

        return str(tables(self.to_json()))

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


def evaluate(
    scorers: Mapping[str, Scorer], holdout: Holdout, protocol: Protocol, groups: Collection[str] | None = None
) -> Evaluation:
    """Rank all items for every user with targets, by every scorer; raises RecsysError where nobody can be asked.

    `groups` are those of `protocol.asked` to look at; None: all.
    """
    return evaluate_all([(scorers, protocol)], holdout, groups)[0]


def evaluate_all(
    questions: Sequence[tuple[Mapping[str, Scorer], Protocol]],
    holdout: Holdout,
    groups: Collection[str] | None = None,
    also: Watch | None = None,
) -> list[Evaluation]:
    """Several evaluations at once: a scorer that stands in more than one of them scores once.

    `also` is shown every block: which rows of the holdout it is, and their scores. Blocks are worked on by several
    threads, as `recsys.threads` allows, and come in no order.
    """
    judgements = [_Judgement(scorers, protocol, holdout, groups) for scorers, protocol in questions]
    rows = np.flatnonzero(np.any([judgement.wanted for judgement in judgements], axis=0))
    n_scorers = len({id(scorer) for scorers, _ in questions for scorer in scorers.values()})

    def look(block: slice) -> None:
        scores = Shared(holdout.query.take(rows[block]))
        for judgement in judgements:
            judgement.rank(rows[block], scores)
        if also is not None:
            also(rows[block], scores)

    blocks = row_blocks(len(rows), len(holdout.query.items), n_scorers * (1 if also is None else 2))
    with ThreadPoolExecutor(min(allowed(), _WORKERS)) as workers:
        list(workers.map(look, blocks))
    return [judgement.figures() for judgement in judgements]


@dataclass
class Shared:
    """The scores for a query, each scorer's computed once; a fusion's mixed from its parts'."""

    query: Query
    known: dict[int, Scores] = field(default_factory=dict)

    def of(self, scorer: Scorer) -> Scores:
        if isinstance(scorer, Fusion):
            return scorer.mix(self.query, self.of)
        if id(scorer) not in self.known:
            self.known[id(scorer)] = scorer.score(self.query)
        return self.known[id(scorer)]


Watch = Callable[[NDArray[np.int64], Shared], None]


class _Judgement:
    """One evaluation under way.

    rows   int64 (R,), the rows of the holdout that are asked anything
    lists  [scorer]: their lists int64 (R, k) of all items; `cold` those of the cold items among themselves
    """

    def __init__(
        self, scorers: Mapping[str, Scorer], protocol: Protocol, holdout: Holdout, groups: Collection[str] | None
    ) -> None:
        self.scorers, self.protocol, self.holdout = scorers, protocol, holdout
        found = asked(holdout, protocol)
        self.groups = {name: found[name] for name in found if groups is None or name in groups}
        self.of_group = {group: np.diff(targets.indptr) > 0 for group, targets in self.groups.items()}
        self.wanted = np.any(list(self.of_group.values()), axis=0)
        self.rows = np.flatnonzero(self.wanted)
        shape = (len(self.rows), max(protocol.k))
        self.lists = {name: np.full(shape, -1) for name in scorers}
        self.cold = {name: np.full(shape, -1) for name in scorers} if COLD_ITEMS in self.groups else {}
        assert holdout.popularity is not None  # `asked` has checked it
        self.popularity = holdout.popularity

    def rank(self, rows: NDArray[np.int64], scores: Shared) -> None:
        """Take the lists of some rows of the holdout, whose scores these are."""
        mine = np.flatnonzero(self.wanted[rows])
        place = np.searchsorted(self.rows, rows[mine])
        excluded = seen_before(self.holdout, self.protocol, scores.query.take(mine))
        k = max(self.protocol.k)
        for name, scorer in self.scorers.items():
            found = scores.of(scorer)[mine]
            self.lists[name][place] = rank(found, k, excluded=excluded).items
            if self.cold:
                self.cold[name][place] = rank(found, k, excluded=excluded, allowed=self.popularity == 0).items

    def figures(self) -> Evaluation:
        figures: dict[str, dict[str, Figures]] = {name: {} for name in self.scorers}
        curves: dict[str, NDArray[np.float64]] = {}
        for name in self.scorers:
            for group, targets in self.groups.items():
                chosen = np.flatnonzero(self.of_group[group])
                items = (self.cold if group == COLD_ITEMS else self.lists)[name][np.searchsorted(self.rows, chosen)]
                judged = Lists.of(items, targets[chosen], self.popularity, self.holdout.n_users)
                metrics = [(m, n) for m in self.protocol.metrics for n in self.protocol.k]
                figures[name][group] = {f"{m}@{n}": metric(m)(judged, n) for m, n in metrics}
                if group == "warm":
                    lengths = range(1, max(self.protocol.k) + 1)
                    curves[name] = np.array([metric("recall")(judged, n).mean() for n in lengths])
        return Evaluation(self.protocol, figures, curves, self.holdout.left_out)
