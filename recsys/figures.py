"""What an evaluation found: every user's figures, their means with intervals, and a paired test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys.protocol import Protocol
from recsys.significance import Paired, beside, intervals
from recsys.strata import order

Figures = Mapping[str, NDArray[np.float64]]
"""metric@k: float64 (users of a group,), or one number for a metric of all lists."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Every user's figures.

    figures  [scorer][group][metric@k]: float64 (users of the group,), or one number for a metric of all lists
    curves   [scorer]: mean recall of the warm group in lists of 1, 2, … max(k), float64 (max(k),)
    strata   by what the users of the warm group are told apart by: the label of each, objects (users,)
    """

    protocol: Protocol
    figures: Mapping[str, Mapping[str, Figures]]
    curves: Mapping[str, NDArray[np.float64]]
    left_out: Mapping[str, int]
    strata: Mapping[str, NDArray[Any]] = field(default_factory=dict)

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
             "strata": {name: self._apart(groups["warm"], labels) for name, labels in self.strata.items()},
             "recall_curve": self.curves[name].tolist()}
            for name, groups in self.figures.items()
        ]  # fmt: skip
        document: dict[str, Any] = {"protocol": self._protocol(), "scorers": rows, "best_single": self.best_single}
        if "fusion" in self.figures and self.best_single:
            against = self.against("fusion")
            document["fused_vs_best"] = against[self.best_single].to_json()
            document["fused_vs_each"] = [{"name": name, **found.to_json()} for name, found in against.items()]
        return document

    def against(self, name: str) -> dict[str, Paired]:
        """The decisive metric of a scorer − that of each other, over the same users."""
        others = [other for other in self.figures if other != name]
        first, *rest = (self.figures[one]["warm"][self.protocol.decisive] for one in (name, *others))
        return dict(zip(others, beside(first, rest, **self._resampling()), strict=True))

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

    def _apart(self, figures: Figures, labels: NDArray[Any]) -> dict[str, dict[str, Any]]:
        """The figures of the users of each label; those of all lists together have no part."""
        of_users = {name: values for name, values in figures.items() if values.ndim}
        found = {}
        for label in order(labels):
            own = labels == label
            metrics = self._summary({name: values[own] for name, values in of_users.items()})
            found[label] = {"users": int(own.sum()), "metrics": metrics}
        return found
