"""Why this item above that one, why not that one, and what would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.errors import RecsysError
from recsys.explanation.whatif import ranks, scored, with_each
from recsys.ranking import Mask
from recsys.types import COMPLETE, Explains, Explanation, Scorer

Standing = Literal["in the list", "below the list", "no candidate", "no opinion"]


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


@dataclass(frozen=True)
class WhyNot:
    """Where an item stands, and beside it the last one of the list; `rank` is None where it has no place."""

    item: int
    k: int
    standing: Standing
    rank: int | None
    comparison: Comparison | None


@dataclass(frozen=True)
class WouldBring:
    """One more event, with `node` and just now, after which the item's place is `after`."""

    node: int
    after: int


def why_above(scorer: Explains, query: Query, row: int, first: int, second: int) -> Comparison:
    """What puts `first` above `second` (or holds it back), verified against the scores.

    Raises RecsysError where a scorer has no opinion of one of them, or the parts do not add up to its score.
    """
    told = [scorer.explain(query, row, item) for item in (first, second)]
    actual = scored(scorer, query.take(np.array([row])), None)[0] if isinstance(scorer, Scorer) else None
    for explanation in told:
        item = explanation.item - query.items.start
        if np.isnan(explanation.score):
            raise RecsysError("the scorer has no opinion of an item", value=item, fix="Compare items it knows.")
        size = sum(abs(part.value) for part in explanation.contributions)
        if not explanation.complete or (actual is not None and abs(actual[item] - explanation.score) > COMPLETE * size):
            raise RecsysError("an explanation does not add up to its score", value=item, bad_input=False)
    parts: dict[tuple[str, int | None], list[float]] = {}
    for side, explanation in enumerate(told):
        for part in explanation.contributions:
            key = (part.scorer, part.event.node if part.event else None)
            parts.setdefault(key, [0.0, 0.0])[side] += part.value
    differences = [Difference(*key, *sides) for key, sides in parts.items()]
    return Comparison(told[0], told[1], tuple(sorted(differences, key=lambda part: -abs(part.value))))


def why_not(scorer: Scorer, query: Query, row: int, item: int, k: int, *, allowed: Mask | None = None) -> WhyNot:
    """Where `item` stands among the candidates `allowed`; below the list it is compared with the k-th."""
    if allowed is not None and not allowed[item]:
        return WhyNot(item, k, "no candidate", None, None)
    scores = scored(scorer, query.take(np.array([row])), allowed)
    if not np.isfinite(scores[0, item]):
        return WhyNot(item, k, "no opinion", None, None)
    rank = int(ranks(scores, item)[0])
    if rank <= k:
        return WhyNot(item, k, "in the list", rank, None)
    last = int(np.argsort(-scores[0], kind="stable")[k - 1])
    comparison = why_above(scorer, query, row, last, item) if isinstance(scorer, Explains) else None
    return WhyNot(item, k, "below the list", rank, comparison)


def would_bring(
    scorer: Scorer,
    query: Query,
    row: int,
    item: int,
    k: int,
    nodes: NDArray[np.int64],
    kind: str,
    *,
    allowed: Mask | None = None,
) -> tuple[WouldBring, ...]:
    """Which one of `nodes`, had the user an event of `kind` with it just now, would bring `item` into the first `k`.

    Every one is tried by scoring; the best place first.
    """
    scores = scored(scorer, with_each(query.take(np.array([row])), nodes, kind), allowed)
    places = ranks(scores, item)
    enough = (places <= k) & np.isfinite(scores[:, item])
    found = [WouldBring(int(node), int(place)) for node, place in zip(nodes[enough], places[enough], strict=True)]
    return tuple(sorted(found, key=lambda one: (one.after, one.node)))
