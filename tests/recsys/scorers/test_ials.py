"""iALS in conjugate gradients on all rows at once, against the normal equations of each row solved directly."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

import kg
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.operators import Factors
from recsys.scorers import memory
from recsys.scorers.ials import IALS, solve
from recsys.scorers.padded import padded


def slow_solve(X: np.ndarray, others: np.ndarray, unobserved: float, penalties: np.ndarray) -> np.ndarray:
    """Hu, Koren & Volinsky 2008, equation 4, with weights w and targets 1, float64."""
    rows = []
    for weights, penalty in zip(X, penalties, strict=True):
        matrix = others.T * (weights + unobserved) @ others + penalty * np.eye(others.shape[1])
        rows.append(np.linalg.solve(matrix, others.T @ weights))
    return np.array(rows)


@settings(max_examples=30, deadline=None)
@given(n_rows=st.integers(1, 20), n_columns=st.integers(1, 20), n_factors=st.integers(1, 6), seed=st.integers(0, 99))
def test_enough_steps_solve_the_normal_equations(n_rows: int, n_columns: int, n_factors: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = random_array((n_rows, n_columns), density=0.3, rng=rng, dtype=np.float32).tocsr()
    others = rng.standard_normal((n_columns, n_factors)).astype(np.float32)
    penalties = (0.2 + rng.random(n_rows)).astype(np.float32)
    start = rng.standard_normal((n_rows, n_factors)).astype(np.float32)
    found, turned = solve(padded(X, 30), start, others, 0.1, penalties, 2 * n_factors)
    np.testing.assert_allclose(turned @ turned.T, others @ others.T, atol=1e-4)
    expected = slow_solve(X.toarray(), others, 0.1, penalties) @ others.T
    np.testing.assert_allclose(found @ turned.T, expected, atol=1e-3)


def test_rows_of_one_length_stand_side_by_side() -> None:
    rng = np.random.default_rng(0)
    X = random_array((30, 20), density=0.3, rng=rng, dtype=np.float32).tocsr()
    X.data[:] = rng.random(X.nnz) + 0.5
    again = np.zeros(X.shape, dtype=np.float32)
    for block in padded(X, 25):
        assert block.values.size <= 25
        rows, places = np.nonzero(block.values)
        again[block.rows[rows], block.columns[rows, places]] = block.values[rows, places]
    np.testing.assert_array_equal(again, X.toarray())


@pytest.fixture
def graph() -> kg.KnowledgeGraph:
    rng = np.random.default_rng(2)
    events = [(f"u{user}", f"i{item}") for user in range(40) for item in rng.choice(15, 5, replace=False)]
    return kg.build(kg.Tables.of(events=pd.DataFrame(events, columns=["user_id", "item_id"])))


def test_everybody_is_folded_in_by_the_equations_of_a_mean_user(graph: kg.KnowledgeGraph) -> None:
    scorer = IALS(n_factors=4, train_half_life=None, n_sweeps=30, n_conjugate=8).fit(graph)
    assert isinstance(scorer.operator_, Factors)
    X = np.asarray(graph.query().history(scorer.weighting).toarray(), dtype=np.float64)
    rng = np.random.default_rng(0)
    items = rng.standard_normal((15, 4), dtype=np.float32) * np.float32(0.1 / 2)
    of_users = 0.01 * (X.sum(axis=1) + 0.1 * 15)
    of_items = 0.01 * (X.sum(axis=0) + 0.1 * 40)
    for _sweep in range(30):
        users = slow_solve(X, items, 0.1, of_users)
        items = slow_solve(X.T, users, 0.1, of_items)
    mean = items.T * (X.mean(axis=0) + 0.1) @ items + of_users.mean() * np.eye(4)
    expected = items @ np.linalg.solve(mean, items.T)
    found = scorer.operator_.left @ scorer.operator_.right.T
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("frequency", [1.0, 0.6])
def test_with_a_fold_in_of_ones_own_each_is_the_solution_of_her_equations(
    graph: kg.KnowledgeGraph, frequency: float
) -> None:
    given: dict[str, Any] = {"train_half_life": None, "frequency": frequency, "n_factors": 4}
    scorer = IALS(fold_in="own", **given).fit(graph)
    query = graph.query()
    X = np.asarray(query.history(scorer.weighting).toarray(), dtype=np.float64)
    sums = X.sum(axis=1) + 0.1 * 15
    penalties = 0.01 * sums.mean() * (sums / sums.mean()) ** frequency
    expected = slow_solve(X, scorer.items_.astype(np.float64), 0.1, penalties) @ scorer.items_.T
    np.testing.assert_allclose(scorer.score(query), expected * scorer.emphasis_, atol=1e-5)
    assert not scorer.additive
    assert not np.allclose(scorer.score(query), IALS(**given).fit(graph).score(query), atol=1e-3)


def test_a_fold_in_of_ones_own_tells_what_each_event_gives(graph: kg.KnowledgeGraph) -> None:
    scorer, query = IALS(fold_in="own", n_factors=4).fit(graph), graph.query(["u3", "u7"])
    scores = scorer.score(query)
    for row in range(2):
        for item in range(graph.n_items):
            told = scorer.explain(query, row, item)
            assert len(told.contributions) == 5
            assert sum(part.value for part in told.contributions) == pytest.approx(scores[row, item], abs=1e-5)
            assert not told.additive


def test_who_did_nothing_or_disliked_all_is_folded_in_at_nothing(graph: kg.KnowledgeGraph) -> None:
    disliked = Weighting({"purchase": -1.0})
    scorer = replace(IALS(fold_in="own", n_factors=4).fit(graph), weighting=disliked)
    fitted = IALS(fold_in="own", n_factors=4).fit(graph)
    vars(scorer).update({name: value for name, value in vars(fitted).items() if name.endswith("_")})
    query = graph.query(["u3"])
    assert not scorer.score(query).any()
    assert not any(part.value for part in scorer.explain(query, 0, 2).contributions)
    assert not fitted.score(query.without([0, 1, 2, 3, 4])).any()


def test_too_little_memory_is_said_before_it_is_taken(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(RecsysError, match=r"iALS needs.*GiB.*item_knn"):
        IALS().fit(graph)
