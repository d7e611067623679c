"""What a person is shown: items scored, filtered, re-ranked and cut to k, and where any item stands among them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.blocks import blocks
from recsys.explanation.telling import Teller
from recsys.explanation.whatif import ranks
from recsys.ranking import Mask, masked, recommend
from recsys.reranking.chain import NOTHING, Chain, places
from recsys.reranking.slate import Setting, Slate
from recsys.types import Move, Placement, Recommendations, Scorer, Scores


@dataclass(frozen=True, eq=False)
class Service:
    """A scorer and what is made of its scores, for lists of k.

    unseen   kinds of event whose items are not shown again
    allowed  bool (n_items,), what may be shown at all; None: everything
    """

    graph: KnowledgeGraph
    scorer: Scorer
    k: int
    teller: Teller
    chain: Chain = NOTHING
    unseen: tuple[str, ...] = ()
    allowed: Mask | None = None

    def listed(self, query: Query, users: NDArray[Any]) -> Recommendations:
        """The list of every row of a query; `users` (B,) are the ids they belong to."""
        if not self.chain:
            unseen, allowed = self.unseen, self.allowed
            return recommend(self.scorer, query, self.k, exclude_kinds=unseen, allowed=allowed, users=users)
        parts = [self._reranked(query.take(rows)) for rows in blocks(len(query), len(query.items))]
        n_steps, k = len(self.chain.steps), self.k
        return Recommendations(
            np.concatenate([part[0] for part in parts] or [np.empty((0, k), np.int64)]),
            np.concatenate([part[1] for part in parts] or [np.empty((0, k), np.float32)]),
            users,
            self.chain.names,
            np.concatenate([part[2] for part in parts] or [np.empty((n_steps + 1, 0, k), np.int64)], axis=1),
        )

    def placed(self, query: Query, item: int) -> Placement:
        """Where an item stands in the whole list of a query of one row."""
        scores = self.scores(query)
        if scores[0, item] == -np.inf:
            return Placement(None, None)
        before = int(ranks(scores, item)[0])
        slates = self.chain.run(self._setting(query, scores)) if self.chain else []
        moves = tuple(self._moves(slates, item, before))
        if not slates:
            return Placement(before, before)
        if moves and moves[-1].after is None:
            return Placement(before, None, moves)
        last = slates[-1].items[0]
        if item in last:
            return Placement(before, int((last == item).argmax()) + 1, moves)
        others = (scores[0] > scores[0, item]) | ((scores[0] == scores[0, item]) & (np.arange(scores.shape[1]) <= item))
        for slate in (slates[0], slates[-1]):
            others[slate.items[0][slate.items[0] >= 0]] = False
        return Placement(before, int(np.count_nonzero(last >= 0) + np.count_nonzero(others)), moves)

    def scores(self, query: Query) -> Scores:
        """Scores float32 (B, n_items), −∞ for what may not be shown."""
        excluded = query.seen(self.unseen) if self.unseen else None
        return masked(self.scorer.score(query), excluded=excluded, allowed=self.allowed)

    def _setting(self, query: Query, scores: Scores) -> Setting:
        return Setting(self.graph, query, self.scorer, scores, self.k, self.teller)

    def _reranked(self, query: Query) -> tuple[NDArray[np.int64], Scores, NDArray[np.int64]]:
        """Items and scores (B, k), and their places by the scores and after every step (steps + 1, B, k)."""
        scores = self.scores(query)
        slates = self.chain.run(self._setting(query, scores))
        items, own = slates[-1].items[:, : self.k], slates[-1].scores[:, : self.k]
        before = np.zeros(items.shape, dtype=np.int64)
        pooled = (slates[0].items[:, None, :] == items[:, :, None]).any(axis=2)
        for row, column in zip(*np.nonzero(~pooled & (items >= 0)), strict=True):  # pinned from further down
            before[row, column] = ranks(scores[[row]], int(items[row, column]))[0]
        return items, own, places(slates, items, before)

    def _moves(self, slates: list[Slate], item: int, before: int) -> Iterator[Move]:
        place: int | None = before
        for step, earlier, later in zip(self.chain.steps, slates[:-1], slates[1:], strict=True):
            now = np.flatnonzero(later.items[0] == item)
            if not len(now) and item not in earlier.items[0]:
                continue
            after = int(now[0]) + 1 if len(now) else None
            if after != place:
                yield Move(step.name, place, after)
            place = after
