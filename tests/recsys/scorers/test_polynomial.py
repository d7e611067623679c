"""The polynomial filter against eigenvalues, and its walks against powers of a dense matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Weighting
from recsys.demand import Demand
from recsys.explanation.steps import broken
from recsys.scorers.polynomial import MOST_WALKS, Polynomial, coefficients
from tests.recsys.scorers.shops import shop


@pytest.mark.parametrize("order", [1, 3, 6])
@pytest.mark.parametrize(("flatness", "powers"), [(0.4, (0.5, 0.5)), (1.0, (0.3, 0.4)), (1.5, (0.5, 0.5))])
def test_the_filter_of_every_frequency(order: int, flatness: float, powers: tuple[float, float]) -> None:
    graph = shop(3)
    own: dict[str, Any] = {"user_power": powers[0], "item_power": powers[1]}
    scorer = Polynomial(order, flatness, output_power=0, train_half_life=None, demand=Demand(0, 0), **own)
    scores = scorer.fit(graph).score(graph.query())
    X = (graph.matrix(("user", "purchase", "item")).toarray() > 0).astype(np.float64)
    known = X.sum(axis=0) > 0
    X = X[:, known]
    before = X.sum(axis=0) ** -powers[1]
    N = X / np.maximum(X.sum(axis=1, keepdims=True), 1) ** powers[0] * before
    N /= np.linalg.norm(N, ord=2)
    values, vectors = np.linalg.eigh(N.T @ N)
    passed = np.polynomial.Polynomial([0, *coefficients(flatness, order)])(values)
    operator = before[:, None] * ((vectors * passed) @ vectors.T)
    expected = graph.query().history(Weighting()).toarray()[:, known] @ operator
    np.testing.assert_allclose(scores[:, known], expected, atol=2e-5)


def test_the_polynomial_meets_the_power_at_the_chebyshev_points() -> None:
    points = (np.cos(np.pi * (np.arange(5) + 0.5) / 5) + 1) / 2
    found = np.polynomial.Polynomial([0, *coefficients(0.5, 4)])(points) - points**0.5
    np.testing.assert_allclose(found, found[0], atol=1e-9)  # but for the constant that is left out
    np.testing.assert_allclose(coefficients(1.0, 4), [1, 0, 0, 0], atol=1e-9)


def test_every_length_of_walk_is_told_and_counted() -> None:
    graph = shop(3)
    scorer = Polynomial(order=3).fit(graph)
    query = graph.query()
    scores = scorer.score(query)
    A = (graph.matrix(("user", "purchase", "item")).toarray() > 0).astype(int)
    row, item = (int(place) for place in np.argwhere(np.nan_to_num(scores) > 0)[0])
    told = scorer.explain(query, row, item)
    assert told.score == pytest.approx(scores[row, item], rel=1e-4)
    assert told.path_share == 1
    assert not broken(graph, told)
    lengths = set()
    for part in told.contributions:
        assert part.path is not None
        assert part.event is not None
        power = len(part.path.relations) // 2
        walks = np.linalg.matrix_power(A.T @ A, power)
        assert part.path.count == walks[part.event.node - query.items.start, item]
        lengths.add(power)
    assert lengths == {1, 2, 3}


def test_more_walks_than_can_be_counted_are_no_trouble() -> None:
    """60 people who bought all of 60 items: there are 60¹¹ walks of twelve steps between any two of these."""
    everybody = pd.MultiIndex.from_product([[f"u{u}" for u in range(60)], [f"i{i}" for i in range(60)]])
    log = everybody.to_frame(index=False, name=["user_id", "item_id"]).assign(time=pd.Timestamp("2024-01-01"))
    graph = kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"})))
    told = Polynomial(order=6).fit(graph).explain(graph.query(), 0, 0)
    assert told.complete
    assert max(part.path.count for part in told.contributions if part.path) == MOST_WALKS
