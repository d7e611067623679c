"""What paths tell attractively first: of recent doings, over well-known things, each in another way."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from recsys.errors import RecsysError
from recsys.explanation.attractiveness import Attractiveness, strongest_path
from recsys.linear import STRICT
from recsys.reranking.slate import Setting, Slate
from recsys.summands import MANY, Path
from recsys.types import explainer, explains

_LONGER = 2  # times the list: of what stands further down none would come up


@dataclass(config=STRICT, frozen=True)
class Attractive:
    """value + weight · (recency + popularity + novelty) / 3 of an item's strongest path, as `Attractiveness` has them.

    Novelty is 1 of a last step that no item placed before has. Only the first 2 · k candidates are looked at, each is
    explained, and placed in turn; an item without a path gains nothing.
    """

    weight: Annotated[float, Field(gt=0)] = 0.05
    name: str = "attractive"

    costly: ClassVar[bool] = True

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        if not explains(setting.scorer):
            raise RecsysError("the scorer cannot take its scores apart", fix="Leave the step `attractive` out.")
        known = Attractiveness(setting.graph)
        amounts = np.zeros(slate.items.shape)
        for row, items in enumerate(slate.items[:, : _LONGER * setting.k].tolist()):
            explain = explainer(setting.scorer, setting.query, row)
            paths = [strongest_path(explain(item)) if item >= 0 else None for item in items]
            recent = known.recency(setting.query.alone(row))
            own = [0.0 if path is None else recent.get(path.nodes[0], 0.0) + _passed(known, path) for path in paths]
            amounts[row, : len(items)] = self.weight / 3 * self._told(slate.values[row], np.array(own), paths)
        return slate.raised(amounts)

    def _told(self, values: np.ndarray, own: np.ndarray, paths: list[Path | None]) -> np.ndarray:
        """What every candidate's path has of the three, (n,): the best is placed, then the best of the others."""
        gained = own.copy()
        left, seen = list(range(len(paths))), set[str]()
        while left:
            worth = {at: own[at] + _novel(paths[at], seen) for at in left}
            best = max(left, key=lambda at: (values[at] + self.weight / 3 * worth[at], -at))
            gained[best] = worth[best]
            path = paths[best]
            if path is not None and path.relations:
                seen.add(path.relations[-1])
            left.remove(best)
        return gained


def _novel(path: Path | None, seen: set[str]) -> float:
    return float(path is not None and bool(path.relations) and path.relations[-1] not in seen)


def _passed(known: Attractiveness, path: Path) -> float:
    """How popular what a path passes last is; 0 where nothing is named."""
    return float(known.popularity[path.nodes[-2]]) if len(path.nodes) > 2 and path.nodes[-2] != MANY else 0.0
