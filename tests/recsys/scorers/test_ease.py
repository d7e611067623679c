"""EASE's two closed forms, in place and in float32, against the formula as printed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from recsys.errors import RecsysError
from recsys.operators import Factors, apply, column
from recsys.scorers import memory
from recsys.scorers.ease import dual, primal, solved


def textbook(X: np.ndarray, l2: float, before: np.ndarray) -> np.ndarray:
    """Steck 2019, equation 8, float64."""
    P = np.linalg.inv(X.T @ X + l2 * np.eye(X.shape[1]))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    return before[:, None] * B


@settings(max_examples=30, deadline=None)
@given(
    n_users=st.integers(1, 40), n_items=st.integers(1, 40), l2=st.sampled_from([0.5, 3, 200]), seed=st.integers(0, 99)
)
def test_both_forms_are_the_textbook_formula(n_users: int, n_items: int, l2: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = random_array((n_users, n_items), density=0.2, rng=rng, dtype=np.float32).tocsr()
    before = rng.random(n_items).astype(np.float32) + 0.1
    expected = textbook(X.toarray().astype(np.float64), l2, before)
    of_items = primal(X.copy(), l2, before)
    of_users = dual(X, l2, before)
    everything = csr_array(np.eye(n_items, dtype=np.float32))
    np.testing.assert_allclose(of_items, expected, atol=1e-5)
    np.testing.assert_allclose(apply(everything, of_users), expected, atol=1e-5)
    told = np.stack([column(of_users, np.arange(n_items), item) for item in range(n_items)], axis=1)
    np.testing.assert_allclose(told, expected, atol=1e-5)
    assert not told.diagonal().any()


def test_more_rows_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.scorers.ease._BLOCK", 7)
    X = random_array((30, 24), density=0.3, rng=np.random.default_rng(0), dtype=np.float32).tocsr()
    ones = np.ones(24, dtype=np.float32)
    expected = textbook(X.toarray().astype(np.float64), 2, ones)
    np.testing.assert_allclose(primal(X, 2, ones), expected, atol=1e-5)
    np.testing.assert_allclose(apply(csr_array(np.eye(24, dtype=np.float32)), dual(X, 2, ones)), expected, atol=1e-5)


def test_too_little_memory_is_said_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    ones = np.ones(50, dtype=np.float32)
    with pytest.raises(RecsysError, match=r"GiB.*slim") as caught:
        primal(csr_array((60, 50), dtype=np.float32), 1, ones)
    assert not caught.value.bad_input


@settings(max_examples=20, deadline=None)
@given(n_users=st.integers(1, 30), wider=st.integers(0, 30), seed=st.integers(0, 99))
def test_the_form_that_costs_least_is_the_same_operator(n_users: int, wider: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = random_array((n_users, n_users + wider), density=0.3, rng=rng, dtype=np.float32).tocsr()
    before = rng.random(X.shape[1]).astype(np.float32) + 0.1
    found = solved(X, 2, before)
    assert isinstance(found, np.ndarray) == (X.shape[1] <= 2 * n_users)
    everything = csr_array(np.eye(X.shape[1], dtype=np.float32))
    np.testing.assert_allclose(apply(everything, found), textbook(X.toarray().astype(float), 2, before), atol=1e-5)


def test_without_room_for_the_matrix_of_items_the_factors_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.scorers.ease.available", lambda: 1000)
    X = random_array((20, 30), density=0.3, rng=np.random.default_rng(0), dtype=np.float32).tocsr()
    assert isinstance(solved(X, 2, np.ones(30, dtype=np.float32)), Factors)
