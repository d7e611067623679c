"""A second stage over the candidates of all scorers: trees learn their order from scores, counts and times.

Burges, "From RankNet to LambdaRank to LambdaMART: an overview", Microsoft Research 2010, by LightGBM (the extra
`rank`). It stands beside the fusion, never in its place: its order cannot be taken apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from kg.query import TIMELESS, Query, Weighting
from recsys.blocks import blocks
from recsys.errors import RecsysError
from recsys.protocol import Protocol, asked
from recsys.ranking import masked, top
from recsys.types import Holdout, Scorer, Scores

NAME = "lambdamart"
CANDIDATES = 60  # of every part and user
_DAY = 86_400  # seconds
_MONTH, _WEEK = 30, 7  # days
_USERS = 5_000  # to learn from: of more the table of features outgrows the rest
_STOPPING = 5  # every so-manieth user says when to stop
_TREES, _PATIENCE = 400, 30
_PARAMETERS = {
    "objective": "lambdarank", "learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 50, "lambda_l2": 1.0,
    "feature_fraction": 0.8, "deterministic": True, "force_row_wise": True, "verbosity": -1,
}  # fmt: skip
Table = NDArray[np.float32]


@dataclass
class SecondStage:
    """A scorer of fitted scorers: of what is among the first of none of them it has no opinion.

    booster_  the trees
    kinds_    of what was seen by these kinds of event it has none either
    """

    parts: Mapping[str, Scorer]
    graph: KnowledgeGraph
    seed: int = 0
    threads: int = 1
    booster_: Any = field(default=None, repr=False)
    kinds_: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._items = _of_items(self.graph)

    def learn(self, holdout: Holdout, protocol: Protocol) -> Self:
        """Learn the order of the candidates of users asked; RecsysError where LightGBM is not installed.

        `parts` and `graph` know nothing of the holdout.
        """
        lightgbm = _lightgbm()
        holdout = holdout.thinned(_USERS)
        self.kinds_ = holdout.barred(protocol.repeats)
        targets = asked(holdout, protocol)["warm"]
        rows = np.flatnonzero(np.diff(targets.indptr))
        told: list[tuple[Table, NDArray[np.bool_], NDArray[np.int64]]] = []
        for part in self._blocks(len(rows)):
            items, known = self._candidates(holdout.query.take(rows[part]))
            shown = items >= 0
            hits = np.take_along_axis(targets[rows[part]].toarray() > 0, items.clip(0), axis=1)
            told.append((known[shown], hits[shown], shown.sum(axis=1)))
        features, hits, lengths = (np.concatenate(column) for column in zip(*told, strict=True))
        stopping = np.arange(len(lengths)) % _STOPPING == 0

        def data(users: NDArray[np.bool_], beside: Any = None) -> Any:
            own = np.repeat(users, lengths)
            return lightgbm.Dataset(features[own], hits[own].astype(np.int8), group=lengths[users], reference=beside)

        taught, k = data(~stopping), protocol.k[0]
        given = {"eval_at": [k], "lambdarank_truncation_level": 2 * k, "seed": self.seed, "num_threads": self.threads}
        self.booster_ = lightgbm.train(
            _PARAMETERS | given,
            taught,
            _TREES,
            valid_sets=[data(stopping, taught)],
            callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
        )
        return self

    def on(self, parts: Mapping[str, Scorer], graph: KnowledgeGraph) -> SecondStage:
        """The same trees over the same scorers fitted on another graph, whose they are."""
        own = {name: parts[name] for name in self.parts}
        return replace(self, parts=own, graph=graph)

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Fit every part on `graph`; the trees stay."""
        for part in self.parts.values():
            part.fit(graph, validation)
        self.graph, self._items = graph, _of_items(graph)
        return self

    def score(self, query: Query) -> Scores:
        scores = np.full((len(query), len(query.items)), np.nan, dtype=np.float32)
        for part in self._blocks(len(query)):
            items, known = self._candidates(query.take(part))
            shown = items >= 0
            if shown.any():
                row, _ = np.nonzero(shown)
                scores[part][row, items[shown]] = self.booster_.predict(known[shown], num_threads=self.threads)
        return scores

    def _blocks(self, n_rows: int) -> Iterator[slice]:
        return blocks(n_rows, self.graph.n_items, len(self.parts) + 2)

    def _candidates(self, query: Query) -> tuple[NDArray[np.int64], Table]:
        """The first items of every part, int64 (B, C), −1 pads, in the order of the catalogue, and (B, C, features)."""
        scores = [part.score(query) for part in self.parts.values()]
        seen = query.seen(self.kinds_) if self.kinds_ else None
        items = np.sort(np.concatenate([_first(masked(own, excluded=seen)) for own in scores], axis=1), axis=1)
        items[:, 1:][items[:, 1:] == items[:, :-1]] = -1
        said = [np.take_along_axis(own, items.clip(0), axis=1) for own in scores]
        known = [*said, *map(_place, said), *(column[items] for column in self._items.T), *_own(query, items)]
        return items, np.stack([column.astype(np.float32) for column in known], axis=2)


def _of_items(graph: KnowledgeGraph) -> Table:
    """Of every item the logarithms of its events ever, in the last 30 and 7 days, and days since the last; (n, 4)."""
    n = graph.n_items
    counts, last = np.zeros((3, n)), np.full(n, np.nan)
    for relation in graph.event_relations:
        if Weighting().of_kind(relation[1]) > 0:
            edges = graph.relations[relation]
            timed = edges.time != TIMELESS
            items, age = edges.indices[timed], (graph.now - edges.time[timed]) / _DAY
            counts[0] += np.bincount(edges.indices, minlength=n)
            counts[1] += np.bincount(items[age <= _MONTH], minlength=n)
            counts[2] += np.bincount(items[age <= _WEEK], minlength=n)
            np.fmin.at(last, items, age)
    return np.column_stack([*np.log1p(counts), last]).astype(np.float32)


def _first(scores: Scores) -> NDArray[np.int64]:
    """The places of the first ones of every row, −1 where nothing may be shown."""
    places = top(scores, CANDIDATES)
    return np.where(np.take_along_axis(scores, places, axis=1) > -np.inf, places, -1)


def _place(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """How many of a row's candidates a scorer puts before each, (B, C)."""
    return np.argsort(np.argsort(-np.nan_to_num(values, nan=-np.inf), axis=1, kind="stable"), axis=1)


def _own(query: Query, items: NDArray[np.int64]) -> list[NDArray[Any]]:
    """What a user did: how many items she had, how often each candidate, and how many days ago it was the last time."""
    had = query.on_items(np.ones(len(query.nodes), dtype=np.float32))
    on_item = (query.nodes >= query.items.start) & (query.nodes < query.items.stop) & (query.times != TIMELESS)
    row, item = query.rows[on_item], query.nodes[on_item] - query.items.start
    last = np.full((len(query), len(query.items)), np.nan, dtype=np.float32)
    np.fmin.at(last, (row, item), (query.now[row] - query.times[on_item]) / _DAY)
    often = np.take_along_axis(had.toarray(), items.clip(0), axis=1)
    n = np.repeat(np.log1p(np.diff(had.indptr))[:, None], items.shape[1], axis=1)
    return [n, np.log1p(often), np.take_along_axis(last, items.clip(0), axis=1)]


def _lightgbm() -> Any:
    try:
        import lightgbm
    except ImportError as error:
        fix = "Install it: pip install 'cartograph-recsys[rank]'."
        raise RecsysError("the second stage needs LightGBM", fix=fix) from error
    return lightgbm
