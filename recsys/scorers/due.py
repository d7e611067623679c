"""What a person needs again about now: her own purchases, by how long ago they were.

Coffee that was bought yesterday is not wanted today, but in three weeks; a kettle is not wanted again. How soon people
come back is a life table (Cutler & Ederer 1958): of all purchases that have waited so long, how many end today.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph, Relation
from kg.ids import Index
from kg.query import DAY, TIMELESS, Query, Weighting
from recsys.deadline import NEVER, Deadline
from recsys.grid import Span
from recsys.linear import STRICT, Weighed
from recsys.scorers.interactions import weightiest
from recsys.scorers.kinds import kinds_of
from recsys.types import Contribution, Explanation, Holdout, Path, Scores

Floats = NDArray[np.float64]
_BINS_A_DOUBLING = 3  # of the time since a purchase; the first bin is the first day


@dataclass(config=STRICT)
class Due:
    """score(i) = Σ over the user's own purchases of i, a days ago: weight · (H_i(a + ahead) − H_i(a)).

    H_i is the expected number of times a buyer of i has come back for it so many days later: its slope within a bin of
    time is level(i) · curve[c(i), bin]. The curve of the kind c that `relation` leads to is comebacks / days waited,
    drawn to that of all items by the weight of `prior` comebacks, as is the level: an item's own comebacks over those
    that the curve expects. A purchase waits until the next day with the same item.

    Only events of the weightiest kind count. Without times it has no opinion.
    """

    ahead: PositiveFloat = 14
    prior: PositiveFloat = 3
    relation: str = "category"
    weighting: Weighting = Weighting()
    name: str = "due"

    TUNED_WITH_REPEATS: ClassVar[bool] = True
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "ahead": Span((14.0, 7.0, 28.0), 1.0, 90.0, log=True),
        "prior": Span((), 0.1, 100.0, log=True),
    }

    @property
    def additive(self) -> bool:
        return True

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state.

        step_      the kind of event that counts
        edges_     float64 (bins + 1,): where the bins of time begin, in days, and where the last one ends
        expected_  float32 (n_items, bins + 1): H_i at the edges
        """
        found = weightiest(graph, self.weighting)
        self.step_ = found[1] if found else ""
        gaps, items, again = _gaps(graph, found)
        n_doublings = np.log2(max(float(gaps.max(initial=1)), 1.0) + self.ahead)
        self.edges_ = np.r_[0, np.exp2(np.arange(n_doublings * _BINS_A_DOUBLING + 1) / _BINS_A_DOUBLING)]
        waited, back = _life_table(gaps, items, again, self.edges_, graph.n_items)
        kinds, _ = kinds_of(graph, self.relation)
        rates = _rates(waited, back, kinds, self.prior)
        self.expected_ = np.pad(np.cumsum(rates * np.diff(self.edges_), axis=1), ((0, 0), (1, 0))).astype(np.float32)
        self.opinion_ = waited.sum(axis=1) > 0
        return self

    def score(self, query: Query) -> Scores:
        scores = np.zeros((len(query), len(query.items)), dtype=np.float64)
        worth = self._worth(query)
        told = np.flatnonzero(worth)
        np.add.at(scores, (query.rows[told], query.nodes[told] - query.items.start), worth[told])
        scores[:, ~self.opinion_] = np.nan
        return scores.astype(np.float32)

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        """One path per purchase: the event's own edge leads to the item."""
        return self.explainer(query, row)(item)

    def explainer(self, query: Query, row: int, _: Deadline = NEVER) -> Callable[[int], Explanation]:
        events = Weighed.weigh(query, row, self.weighting, only_items=True)

        def explain(item: int) -> Explanation:
            node = query.items.start + item
            own = np.flatnonzero(events.nodes == node)
            parts: tuple[Contribution, ...] = ()
            if len(own):
                worth = events.once("worth", lambda: self._worth(query.alone(row)))
                values = worth[events.positions[own] - query.indptr[row]]
                parts = tuple(
                    Contribution(value, "path", self.name, event, Path((node,)))
                    for value, event in zip(values.tolist(), events.some(own), strict=True)
                    if value
                )
            score = float(sum(part.value for part in parts)) if self.opinion_[item] else float("nan")
            return Explanation.of(query, row, item, score, parts, additive=True)

        return explain

    def _worth(self, query: Query) -> Floats:
        """What every event says for its own item: float64 (E,), 0 for those that do not count."""
        counts = np.isin(query.kinds, [code for code, kind in enumerate(query.kind_names) if kind == self.step_])
        on_item = (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        rows = np.flatnonzero(counts & on_item & (query.times != TIMELESS))
        age = np.maximum(query.now[query.rows[rows]] - query.times[rows], 0) / DAY
        items = query.nodes[rows] - query.items.start
        worth = np.zeros(len(query.nodes))
        weights = query.event_weights(self.weighting)[rows]
        worth[rows] = weights * (self._by(items, age + self.ahead) - self._by(items, age))
        return worth

    def _by(self, items: Index, days: Floats) -> Floats:
        """H of each of `items` (m,) at `days` (m,); constant beyond the last edge."""
        place = np.clip(np.searchsorted(self.edges_, days, side="right") - 1, 0, len(self.edges_) - 2)
        within = np.clip((days - self.edges_[place]) / np.diff(self.edges_)[place], 0, 1)
        low, high = self.expected_[items, place], self.expected_[items, place + 1]
        return low + (high - low) * within


def _gaps(graph: KnowledgeGraph, bought: Relation | None) -> tuple[Floats, Index, NDArray[np.bool_]]:
    """How many days every purchase waited, its item, and whether for the next one (else until now): (purchases,).

    Several on one day are one.
    """
    if bought is None:
        return np.empty(0), np.empty(0, np.int64), np.empty(0, bool)
    edges = graph.relations[bought]
    dated = (edges.time != TIMELESS) & (edges.weight > 0)
    rows = np.stack([edges.sources[dated], edges.indices[dated], edges.time[dated] // DAY]).astype(np.int64)
    user, item, day = np.unique(rows, axis=1)
    again = np.zeros(len(day), dtype=bool)
    again[:-1] = (user[:-1] == user[1:]) & (item[:-1] == item[1:])
    until = np.where(again, np.roll(day, -1), graph.now // DAY)
    return (until - day).astype(np.float64), item, again


def _life_table(
    gaps: Floats, items: Index, again: NDArray[np.bool_], edges: Floats, n_items: int
) -> tuple[Floats, Floats]:
    """The days that an item's purchases waited in each bin, and how many ended there: float64 (n_items, bins) each."""
    widths = np.diff(edges)
    place = np.clip(np.searchsorted(edges, gaps, side="right") - 1, 0, len(widths) - 1)
    cells, shape = items * len(widths) + place, (n_items, len(widths))

    def by_cell(values: NDArray[Any]) -> Floats:
        return np.bincount(cells, values, minlength=n_items * len(widths)).reshape(shape).astype(np.float64)

    ended = by_cell(np.ones(len(gaps)))
    went_on = ended.sum(axis=1, keepdims=True) - ended.cumsum(axis=1)
    return went_on * widths + by_cell(gaps - edges[place]), by_cell(again)


def _rates(waited: Floats, back: Floats, kinds: csr_array, prior: float) -> Floats:
    """level(i) · curve[c(i), bin] of `Due`: comebacks a day, float64 (n_items, bins)."""
    overall = (back.sum() + 0.5) / max(waited.sum(), 1.0)
    everything = _drawn(back.sum(axis=0), waited.sum(axis=0), overall, prior)
    curves = _drawn(kinds.T @ back, kinds.T @ waited, everything, prior)
    known = np.asarray(kinds.sum(axis=1), dtype=np.float64)[:, None]
    own = kinds @ curves + (1 - known) * everything
    level = (back.sum(axis=1) + prior) / np.maximum((waited * own).sum(axis=1) + prior, 1e-12)
    return level[:, None] * own


def _drawn(back: Floats, waited: Floats, usual: Any, prior: float) -> Floats:
    """Comebacks / days waited, with the weight of `prior` comebacks drawn to `usual` (a Gamma prior's mean)."""
    return (back + prior) / (waited + prior / usual)
