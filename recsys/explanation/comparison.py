"""Why this item above that one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.query import Query
from recsys.errors import RecsysError
from recsys.explanation.whatif import scored
from recsys.types import COMPLETE, Explains, Explanation, Scorer, explainer


@dataclass(frozen=True)
class Difference:
    """What one scorer, through one node of the query (None: whatever the user did), gives to each of two items."""

    scorer: str
    node: int | None
    first: float
    second: float

    @property
    def value(self) -> float:
        return self.first - self.second


@dataclass(frozen=True)
class Comparison:
    """Two items of one user; the `parts`' values, by size, sum to the difference of the scores."""

    first: Explanation
    second: Explanation
    parts: tuple[Difference, ...]

    @property
    def difference(self) -> float:
        return self.first.score - self.second.score


def why_above(scorer: Explains, query: Query, row: int, first: int, second: int) -> Comparison:
    """What puts `first` above `second` (or holds it back), verified against the scores.

    Raises RecsysError where a scorer has no opinion of one of them, or the parts do not add up to its score.
    """
    told = list(map(explainer(scorer, query, row), (first, second)))
    actual = scored(scorer, query.alone(row), None)[0] if isinstance(scorer, Scorer) else None
    for explanation in told:
        item = explanation.item - query.items.start
        if np.isnan(explanation.score):
            raise RecsysError("the scorer has no opinion of an item", value=item, fix="Compare items it knows.")
        size = explanation.columns.size()
        if not explanation.complete or (actual is not None and abs(actual[item] - explanation.score) > COMPLETE * size):
            raise RecsysError("an explanation does not add up to its score", value=item, bad_input=False)
    parts: dict[tuple[str, int | None], list[float]] = {}
    for side, explanation in enumerate(told):
        for block in explanation.columns.blocks:
            nodes, place = np.unique(block.starts, return_inverse=True)
            for node, value in zip(nodes.tolist(), np.bincount(place, block.values).tolist(), strict=True):
                key = (block.scorer, None if node < 0 else node)
                parts.setdefault(key, [0.0, 0.0])[side] += value
    differences = [Difference(*key, *sides) for key, sides in parts.items()]
    return Comparison(told[0], told[1], tuple(sorted(differences, key=lambda part: -abs(part.value))))
