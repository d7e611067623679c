"""Content-kNN against a dense cosine of attributes; its paths are the attributes that are shared."""

from __future__ import annotations

import numpy as np
import pytest

from kg.query import Weighting
from recsys.demand import Demand
from recsys.explanation.steps import broken
from recsys.scorers.attributes import attributes
from recsys.scorers.content_knn import ContentKNN
from tests.recsys.scorers.shops import shop


def dense_attributes(seed: int) -> np.ndarray:
    """Brand and category of every item, each entry by how telling it is."""
    graph = shop(seed)
    parts = [graph.matrix(("item", "brand", "brand")), graph.matrix(("item", "category", "category"))]
    known = np.concatenate([part.toarray() for part in parts], axis=1)
    return known * np.log1p(len(known) / np.maximum((known > 0).sum(axis=0), 1))


@pytest.mark.parametrize("seed", range(2))
def test_the_cosine_of_attributes(seed: int) -> None:
    graph = shop(seed)
    F = dense_attributes(seed)
    np.testing.assert_allclose(attributes(graph).values.toarray(), F, rtol=1e-5)
    norms = np.linalg.norm(F, axis=1)
    similarity = F @ F.T / (np.outer(norms, norms) + 2)
    np.fill_diagonal(similarity, 0)
    scores = ContentKNN(k=20, shrinkage=2, demand=Demand(0, 0)).fit(graph).score(graph.query())
    np.testing.assert_allclose(scores, graph.query().history(Weighting()).toarray() @ similarity, rtol=1e-4, atol=1e-6)


def test_the_reasons_are_what_is_shared() -> None:
    graph = shop(0)
    scorer = ContentKNN(k=3).fit(graph)
    query = graph.query()
    scores = scorer.score(query)
    for row, item in np.argwhere(scores > 0)[:20].tolist():
        told = scorer.explain(query, row, item)
        assert told.score == pytest.approx(scores[row, item], rel=1e-5)
        assert told.path_share == 1
        assert not broken(graph, told)
