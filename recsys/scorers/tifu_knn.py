"""What a person buys again, and people of the same habits: frequencies of items that fade over groups of baskets.

Hu et al., "Modeling personalized item frequency information for next-basket recommendation", SIGIR 2020 (TIFU-KNN).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Query, Weighting
from recsys.grid import Span
from recsys.linear import STRICT
from recsys.operators import dense
from recsys.scorers.interactions import weightiest
from recsys.scorers.visits import contents, purchases, visits
from recsys.types import Holdout, Scores

_BLOCK = 512  # rows of the query whose neighbours are sought at once: bounds the memory of their distances


@dataclass(config=STRICT)
class TIFUKNN:
    """score = own · v + (1 − own) · mean of the vectors of the `k` others nearest to v by Euclid, v that of the person.

    With a person's n baskets, oldest first, cut into min(n, groups) groups of equal size, the later ones larger by one
    where need be: v_i = Σ over baskets b with i, b in group g: within^(n − 1 − b) · across^(groups − 1 − g) / (size of
    g · number of groups). A basket is what is bought (events of the weightiest kind) without `gap` hours between.

    Whom the nearest are depends on everything at once, and no event of the person answers for what they had: it does
    not explain itself. Somebody without a basket gets 0.
    """

    k: PositiveInt = 300
    groups: PositiveInt = 7
    within: Annotated[float, Field(gt=0, le=1)] = 0.9
    across: Annotated[float, Field(gt=0, le=1)] = 0.7
    own: Annotated[float, Field(ge=0, le=1)] = 0.7
    gap: PositiveFloat = 1.0
    weighting: Weighting = Weighting()
    name: str = "tifu_knn"

    TUNED_WITH_REPEATS: ClassVar[bool] = True
    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "own": Span((0.7, 0.9, 0.5), 0.0, 1.0),
        "within": Span((0.9, 1.0), 0.5, 1.0),
        "across": Span((0.7, 0.9), 0.3, 1.0),
        "k": Span((300, 100), 10, 1000, log=True),
        "groups": Span((), 1, 20, log=True),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state.

        vectors_  csr float32 (n, n_items): v of every customer; owners_ int64 (n,), who it is
        step_     the kind of event that makes a basket
        """
        bought = weightiest(graph, self.weighting)
        self.step_ = bought[1] if bought else ""
        owners, items, times = purchases(graph, bought)
        vectors = self._vectors(owners, items, times, (graph.n_users, graph.n_items))
        self.owners_ = np.flatnonzero(np.diff(vectors.indptr))
        self.vectors_: csr_array = vectors[self.owners_]
        self.opinion_ = np.bincount(vectors.indices, minlength=graph.n_items) > 0
        return self

    def score(self, query: Query) -> Scores:
        own = self._of(query)
        scores = dense(own) * np.float32(self.own)
        across = self.vectors_.T.tocsr()
        sizes = np.asarray(self.vectors_.power(2).sum(axis=1), dtype=np.float32)
        for start in range(0, len(query), _BLOCK):
            rows = slice(start, start + _BLOCK)
            distances = sizes - 2 * dense(own[rows] @ across)  # squared, less what is the same for all others
            distances[query.users[rows, None] == self.owners_] = np.inf
            scores[rows] += np.float32(1 - self.own) * dense(_mean_of_nearest(distances, self.k) @ self.vectors_)
        scores[np.diff(own.indptr) == 0] = 0
        scores[:, ~self.opinion_] = np.nan
        return scores

    def _of(self, query: Query) -> csr_array:
        """The vector of every row of a query: csr float32 (B, n_items)."""
        counts = np.isin(query.kinds, [code for code, kind in enumerate(query.kind_names) if kind == self.step_])
        on_item = (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        chosen = np.flatnonzero(counts & on_item & (query.quantities > 0))
        items = query.nodes[chosen] - query.items.start
        return self._vectors(query.rows[chosen], items, query.times[chosen], (len(query), len(query.items)))

    def _vectors(
        self, owners: NDArray[Any], items: NDArray[Any], times: NDArray[Any], shape: tuple[int, int]
    ) -> csr_array:
        """What every owner buys, from purchases (m,): csr float32 of this shape."""
        basket = visits(owners, times, self.gap)
        held = contents(basket, items, shape[1])
        owner = np.zeros(held.shape[0], dtype=np.int64)
        owner[basket] = owners
        weights = csr_array((self._weights(owner), (owner, np.arange(len(owner)))), (shape[0], len(owner)))
        return (weights @ held).tocsr()

    def _weights(self, owner: NDArray[np.int64]) -> NDArray[np.float32]:
        """What every basket counts, float32 (n,); baskets by owner, oldest first."""
        n = np.bincount(owner)[owner]
        place = np.arange(len(owner)) - np.searchsorted(owner, owner)
        n_groups = np.minimum(n, self.groups)
        size, n_larger = np.divmod(n, n_groups)
        smaller = (n_groups - n_larger) * size  # baskets in the groups that are not larger by one
        late = place >= smaller
        group = np.where(late, n_groups - n_larger + (place - smaller) // (size + 1), place // size)
        faded = self.within ** (n - 1 - place) * self.across ** (self.groups - 1 - group)
        return (faded / ((size + late) * n_groups)).astype(np.float32)


def _mean_of_nearest(distances: NDArray[np.float32], k: int) -> csr_array:
    """The weights of a mean over each row's k smallest finite distances: csr float32 of the same shape."""
    n = min(k, distances.shape[1])
    chosen = np.argpartition(distances, n - 1, axis=1)[:, :n] if n else np.empty((len(distances), 0), np.int64)
    kept = np.isfinite(np.take_along_axis(distances, chosen, axis=1))
    rows = np.repeat(np.arange(len(distances)), kept.sum(axis=1))
    weights = np.float32(1) / np.maximum(kept.sum(axis=1), 1).astype(np.float32)
    return csr_array((weights[rows], (rows, chosen[kept])), distances.shape)
