"""Items that are alike in what is known of them, whoever had them: it knows new items from their first day.

Lops, de Gemmis & Semeraro, "Content-based recommender systems: state of the art and trends", 2011: the cosine of
attributes weighed by TF-IDF, of the k nearest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import NonNegativeFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span
from recsys.linear import STRICT, LinearScorer, Weighed
from recsys.operators import column
from recsys.scorers.attributes import attributes
from recsys.scorers.nearest import nearest
from recsys.types import Contribution, Holdout, Path


@dataclass(config=STRICT)
class ContentKNN(LinearScorer):
    """operator[j, i] = f_j · f_i / (‖f_j‖ ‖f_i‖ + shrinkage), kept for the `k` most alike j of each i; times demand.

    f_i are the attributes of item i as in `Attributes`.
    """

    k: PositiveInt = 200
    shrinkage: NonNegativeFloat = 0.0
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    name: str = "content_knn"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "k": Span((200, 50, 1000), 5, 2000, log=True),
        "shrinkage": Span((0.0, 10.0), 0.0, 50.0),
        "demand": DEMANDS,
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Set the state; the paths are told from values_, nodes_, relations_ and starts_ of `Attributes`."""
        known = attributes(graph)
        F = self.values_ = known.values
        self.nodes_, self.relations_, self.starts_ = known.nodes, known.relations, known.starts
        norms = np.sqrt(np.asarray(F.power(2).sum(axis=1), dtype=np.float32))

        def alike(products: Any, items: Any, others: Any) -> Any:
            similarity = products / (norms[items] * norms[others] + np.float32(self.shrinkage))
            return np.where(items == others, 0, similarity)

        self.operator_: csr_array = nearest(F, F.T.tocsr(), self.k, alike).T.tocsr()
        self.emphasis_ = self.emphasis(graph)
        self.opinion_ = norms > 0
        return self

    def contributions(self, events: Weighed, items: range, item: int) -> Iterator[Contribution]:
        """One per event and attribute that it shares with the item."""
        nodes, place = np.unique(events.nodes, return_inverse=True)
        worth = column(self.operator_, nodes - items.start, item).astype(np.float64)
        of_item = self.values_[[item]].toarray()[0]
        shared = self.values_[nodes - items.start].multiply(of_item).tocsr().astype(np.float64)
        shared.eliminate_zeros()
        total = np.asarray(shared.sum(axis=1))
        told = np.flatnonzero(worth[place])
        for row, weight, event in zip(
            place[told].tolist(), events.weights[told].tolist(), events.some(told), strict=True
        ):
            entries = slice(shared.indptr[row], shared.indptr[row + 1])
            for attribute, value in zip(shared.indices[entries].tolist(), shared.data[entries].tolist(), strict=True):
                name = self.relations_[int(np.searchsorted(self.starts_, attribute, side="right")) - 1]
                path = Path((event.node, int(self.nodes_[attribute]), items.start + item), (name, f"rev_{name}"))
                yield Contribution(float(weight * worth[row] * value / total[row]), "path", self.name, event, path)
