"""What a score owes to each of a person's doings, for a scorer that cannot take its score apart: an estimate.

Shapley values by permutation sampling (Castro, Gómez & Tejada, "Polynomial calculation of the Shapley value based on
sampling", Computers & OR 2009; the attribution of SHAP, Lundberg & Lee, NeurIPS 2017): her doings are added one after
the other in random orders, and each is given the mean of what the score rose by when it came. Any scorer will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.explanation.whatif import without_events
from recsys.fusion import Fusion
from recsys.types import Scorer

_SCORINGS = 2_000  # of one person with some of her doings
_ORDERS = 32  # at most


@dataclass(frozen=True, eq=False)
class Attribution:
    """An estimate over `n_orders` orders: `values` float64 (n,) of the `nodes` int64 (n,) that her events touch.

    score, nothing  what the scorer gives to her, and to her without any event
    """

    nodes: NDArray[np.int64]
    values: NDArray[np.float64]
    score: float
    nothing: float
    n_orders: int

    @property
    def gap(self) -> float:
        """What the values are short of the score (their completeness gap)."""
        return self.score - self.nothing - float(self.values.sum())


def attribute(scorer: Scorer, query: Query, item: int, seed: int = 0) -> Attribution:
    """Of an item (within the items) for a query of one row; all events on one node come together.

    Where the scorer has no opinion of the item, it counts as the least that it says of any. A fusion weighs its parts
    as for her: that it would tell her otherwise as a newcomer is owed to none of her doings.
    """
    nodes = np.unique(query.nodes)
    if len(nodes) and isinstance(scorer, Fusion):
        scorer = scorer.settled()
    rng = np.random.default_rng(seed)
    n_orders = int(np.clip(_SCORINGS // max(len(nodes), 1), 1, _ORDERS)) if len(nodes) else 0
    values = np.zeros(len(nodes))
    ends = _scores(scorer, query, [np.ones(len(query.nodes), bool), np.zeros(len(query.nodes), bool)], item)
    place = np.searchsorted(nodes, query.nodes)
    for _ in range(n_orders):
        turn = rng.permutation(len(nodes))
        gone = [turn[place] >= n for n in range(1, len(nodes))]
        rises = np.diff(np.concatenate([ends[:1], _scores(scorer, query, gone, item), ends[1:]]))
        values += rises[turn] / n_orders
    return Attribution(nodes, values, float(ends[1]), float(ends[0]), n_orders)


def _scores(scorer: Scorer, query: Query, gone: list[NDArray[np.bool_]], item: int) -> NDArray[np.float64]:
    """An item's score without some events, for each choice of them, (n,)."""
    if not gone:
        return np.empty(0)
    scores = scorer.score(without_events(query, gone)).astype(np.float64)
    own = scores[:, item]
    least = np.where(np.isnan(scores), np.inf, scores).min(axis=1)
    return np.where(np.isnan(own), np.where(np.isinf(least), 0.0, least), own)
