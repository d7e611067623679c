"""What explanations are asked for when they are measured: items out of a scorer's own lists, drawn by chance."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.ranking import recommend
from recsys.types import Contribution, Explains, Explanation, Holdout, Scorer, explainer


class Exact(Explains, Scorer, Protocol):
    """A scorer that takes its own score apart."""


@dataclass(frozen=True, eq=False)
class Asked:
    """One item of one person's list: her query (of one row), the item within the items, and what is said of it.

    score    what the scorer gives, not what the explanation says it gives
    seconds  that the explanation took of one core, whatever else ran
    """

    query: Query
    item: int
    score: float
    told: Explanation
    seconds: float

    @property
    def weight(self) -> float:
        """Σ|contribution|."""
        return self.told.columns.size()

    @property
    def residual(self) -> float:
        """|score − Σ contribution| / Σ|contribution|; infinite where nothing is said of a score."""
        gap = abs(self.score - self.told.columns.total)
        return gap / self.weight if self.weight else (np.inf if gap else 0.0)

    @cached_property
    def by_node(self) -> dict[int, float]:
        """What the contributions say each of her doings adds, the most first."""
        blocks = [block for block in self.told.columns.blocks if len(block.events.nodes)]
        if not blocks:
            return {}
        starts = np.concatenate([block.starts for block in blocks])
        nodes, place = np.unique(starts, return_inverse=True)
        values = np.bincount(place, np.concatenate([block.values for block in blocks]))
        order = np.lexsort((nodes, -values))
        return {int(nodes[at]): float(values[at]) for at in order if nodes[at] >= 0}

    def strongest(self, n: int) -> Explanation:
        """The explanation cut to the contributions of the n strongest different paths."""
        found: list[Contribution] = []
        for block in self.told.columns.blocks:
            if block.kind == "path":
                first = np.argsort(-np.abs(block.values), kind="stable")
                _, ways = np.unique(block.ways[first], return_index=True)  # of every way its strongest summand
                best = block.ways[first][np.sort(ways)[:n]]
                found += block.some(np.flatnonzero(np.isin(block.ways, best)))
        found.sort(key=lambda part: -abs(part.value))
        kept = set(islice(dict.fromkeys(part.path for part in found), n))
        return replace(self.told, contributions=tuple(part for part in found if part.path in kept))


@dataclass(frozen=True, eq=False)
class Draw:
    """Places in the lists of people with a history.

    query         of those people, each once
    rows, places  int64 (P,): whose list, and where in it, from 0
    k             the length of the lists
    unseen        kinds of event whose items are kept out of them
    """

    query: Query
    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    k: int
    unseen: tuple[str, ...] = ()

    @classmethod
    def of(cls, holdout: Holdout, n: int, k: int, seed: int, unseen: tuple[str, ...] = ()) -> Draw:
        """At most `n` places, each once, in the lists of users of the holdout."""
        query = holdout.query
        on_items = (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        warm = np.flatnonzero(np.bincount(query.rows[on_items], minlength=len(query)))
        drawn = np.random.default_rng(seed).permutation(len(warm) * k)[:n]
        people, rows = np.unique(warm[drawn // k], return_inverse=True)
        return cls(query.take(people), rows, drawn % k, k, unseen)

    def ask(self, scorer: Exact, warm: NDArray[np.bool_]) -> list[Asked]:
        """What stands in these places of the scorer's lists; left out: cold items, and those it says nothing of."""
        items = recommend(scorer, self.query, self.k, exclude_kinds=self.unseen).items[self.rows, self.places]
        scores = scorer.score(self.query)
        found = []
        for row, item in zip(self.rows.tolist(), items.tolist(), strict=True):
            if item >= 0 and warm[item]:
                alone = self.query.alone(row)
                begun = time.thread_time()
                told = scorer.explain(alone, 0, item)
                asked = Asked(alone, item, float(scores[row, item]), told, time.thread_time() - begun)
                found += [asked] if asked.score or asked.weight else []
        return found

    def listed(self, scorer: Exact, n: int) -> list[float]:
        """Seconds that each of the first n people's lists takes: ranked, and every item of it explained."""
        seconds = []
        for row in range(min(n, len(self.query))):
            alone = self.query.alone(row)
            begun = time.thread_time()
            best = recommend(scorer, alone, self.k, exclude_kinds=self.unseen).items[0]
            explain = explainer(scorer, alone, 0)
            for item in best[best >= 0].tolist():
                explain(item)
            seconds.append(time.thread_time() - begun)
        return seconds


def milliseconds(seconds: Sequence[float]) -> dict[str, float]:
    """Median and 99th percentile."""
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99]).tolist()
    return {"p50": p50, "p99": p99}
