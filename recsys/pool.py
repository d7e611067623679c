"""What the parts of a fusion say of their best candidates: all that its weights are learned from.

The lists judged are longer than those shown: a long list's order is known with less noise than a short one's, and the
weights last longer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from kg.query import Query
from recsys.blocks import cached
from recsys.climbing import Bound, Weights, ascend, unbound
from recsys.evaluation import Shared
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import rank
from recsys.types import Holdout, Scorer, Scores

CANDIDATES = 60  # of every part and user: what the fusion may reorder while it learns
MOST_CANDIDATES = 600  # of all parts together, where each is left its whole list
DEPTH = 4  # the length of the lists judged, as a multiple of those shown
SAMPLE = 1 << 18  # scores of a block that a median is taken of


@dataclass(frozen=True)
class Pools:
    """What the parts say, handed to the pools of several protocols at once."""

    parts: Mapping[str, Scorer]
    pools: Sequence[Pool]

    def add(self, rows: NDArray[np.int64], scores: Shared) -> None:
        """Of some rows of the holdout, whose scores these are; may be called by several threads, in any order."""
        filled: list[Scores] = []
        missing: list[float] = []
        for part in self.parts.values():
            said = scores.of(part)
            unknown = np.isnan(said)
            known = said[~unknown] if unknown.any() else said.reshape(-1)
            median = float(np.median(known[:: len(known) // SAMPLE + 1])) if len(known) else 0.0
            missing.append(min(median, 0.0))
            filled.append(np.where(unknown, np.float32(missing[-1]), said) if len(known) < said.size else said)
        spreads = np.stack([_spreads(part) for part in filled])
        for pool in self.pools:
            pool.add(scores.query, rows, filled, spreads, np.array(missing))


def _spreads(scores: Scores) -> NDArray[np.float64]:
    """The standard deviation of every row, float64 (B,); few rows at a time, as each is looked at twice."""
    spreads = np.zeros(len(scores))
    for few in cached(*scores.shape):
        centred = scores[few] - scores[few].mean(axis=1, keepdims=True)
        spreads[few] = np.linalg.norm(centred, axis=1) / np.sqrt(scores.shape[1])
    return spreads


@dataclass(frozen=True, eq=False)
class Block:
    """What F parts say of the candidates of b users.

    values   float32 (F, b, C), −inf where there is no candidate
    hits     bool (b, C)
    spreads  float64 (F, b), of each part's scores of all items; missing float64 (F,), what stands in for its NaN
    """

    values: NDArray[np.float32]
    hits: NDArray[np.bool_]
    spreads: NDArray[np.float64]
    missing: NDArray[np.float64]


class Pool:
    """The candidates of every user that is asked; `blocks` by the first row of the holdout in each.

    targets  csr float32 (B, n_items), of the holdout's rows; those without any are not asked
    """

    def __init__(self, holdout: Holdout, protocol: Protocol, n_parts: int, targets: csr_array[np.float32]) -> None:
        self.holdout, self.protocol, self.targets = holdout, protocol, targets
        self.asks = np.diff(targets.indptr) > 0
        self.depth = DEPTH * protocol.k[0]
        self.n_each = max(self.depth, min(CANDIDATES, MOST_CANDIDATES // n_parts))
        self.blocks: dict[int, Block] = {}

    def add(
        self,
        query: Query,
        rows: NDArray[np.int64],
        parts: Sequence[Scores],
        spreads: NDArray[np.float64],
        missing: NDArray[np.float64],
    ) -> None:
        """Of some rows of the holdout, whose query and scores these are."""
        mine = np.flatnonzero(self.asks[rows])
        if not len(mine):
            return
        scores = [part if len(mine) == len(part) else part[mine] for part in parts]
        seen = seen_before(self.holdout, self.protocol, query.take(mine))
        lists = [rank(part, self.n_each, excluded=seen, allowed=self.holdout.candidates).items for part in scores]
        items = np.sort(np.concatenate(lists, axis=1), axis=1)
        items[:, 1:][items[:, 1:] == items[:, :-1]] = -1
        values = np.stack([np.take_along_axis(part, items.clip(0), axis=1) for part in scores])
        values[:, items < 0] = -np.inf
        known = self.targets[rows[mine]]
        right = np.repeat(np.arange(len(mine)), np.diff(known.indptr)) * known.shape[1] + known.indices
        hits = np.isin(np.arange(len(mine))[:, None] * known.shape[1] + items, right) & (items >= 0)
        self.blocks[int(rows[0])] = Block(values, hits, spreads[:, mine], missing)

    @property
    def scales(self) -> NDArray[np.float64]:
        """The mean over the users of every part's spread, float64 (F,)."""
        return np.maximum(np.concatenate([block.spreads for block in self._said], axis=1).mean(axis=1), 1e-12)

    @property
    def missing(self) -> NDArray[np.float64]:
        """What stands in for no opinion: 0, or the median of what a part says at all where that is less; float64 (F,).

        The median itself would put what is unknown above all that somebody with a short history is told.
        """
        missing: NDArray[np.float64] = np.mean([block.missing for block in self._said], axis=0)
        return missing

    def values(self, only: NDArray[np.bool_]) -> NDArray[np.float32]:
        """What some parts (F,) say over `scales` of the candidates of all who are asked, float32 (parts, users, C)."""
        values = np.concatenate([block.values[only] for block in self._said], axis=1)
        values /= self.scales[only].astype(np.float32)[:, None, None]
        return values

    @property
    def hits(self) -> NDArray[np.bool_]:
        """Which candidates are right, bool (users, C)."""
        return np.concatenate([block.hits for block in self._said])

    @property
    def n_targets(self) -> NDArray[np.int64]:
        """How many would be right at all, int64 (users,)."""
        return np.diff(self.targets.indptr)[self.asks].astype(np.int64)

    @property
    def _said(self) -> list[Block]:
        return [self.blocks[first] for first in sorted(self.blocks)]


def weights(
    pools: Sequence[Pool],
    start: Weights | None = None,
    bound: Bound = unbound,
    only: NDArray[np.bool_] | None = None,
) -> Weights:
    """The weights of all parts, or of some `only` (F,), for scores over the scales of each pool, float64 (F,).

    Every user of any pool counts alike; the pools are of one protocol. `ascend` tells of the rest.
    """
    only = np.ones(len(pools[0].scales), dtype=bool) if only is None else only
    found = np.zeros(len(only))
    found[only] = ascend(
        np.concatenate([pool.values(only) for pool in pools], axis=1),
        np.concatenate([pool.hits for pool in pools]),
        np.concatenate([pool.n_targets for pool in pools]),
        pools[0].depth,
        start,
        bound,
    )
    return found


def warm(holdout: Holdout, protocol: Protocol) -> csr_array[np.float32]:
    """What those are asked that figures are compared by (see `asked`): csr float32 (B, n_items)."""
    return asked(holdout, protocol)["warm"]


def new(holdout: Holdout, protocol: Protocol) -> csr_array[np.float32]:
    """What those are asked of whom no event is known at all: csr float32 (B, n_items)."""
    groups = asked(holdout, protocol)
    nobody: Any = csr_array(holdout.targets.shape, dtype=np.float32)
    targets = sum((groups[name] for name in ("warm", "cold_users") if name in groups), nobody)
    unknown = diags_array((np.diff(holdout.query.indptr) == 0).astype(np.float32)) @ targets
    unknown.eliminate_zeros()
    return unknown.tocsr()
