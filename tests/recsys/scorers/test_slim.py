"""The sparse EASE against a regression for each item, one after the other, and against EASE itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from recsys.errors import RecsysError
from recsys.scorers import memory, slim
from recsys.scorers.ease import primal


def one_by_one(X: np.ndarray, l2: float, k: int) -> np.ndarray:
    n = X.shape[1]
    B = np.zeros((n, n))
    for item in range(n):
        own = X[:, item]
        left = np.array([0 if j == item else (X[:, j] @ own) ** 2 / (X[:, j] @ X[:, j] + l2) for j in range(n)])
        chosen = np.array([j for j in np.argsort(-left, kind="stable")[:k] if left[j] > 0], dtype=int)
        known = X[:, chosen]
        B[chosen, item] = np.linalg.solve(known.T @ known + l2 * np.eye(len(chosen)), known.T @ own)
    return B


def drawn(n_users: int, n_items: int, seed: int) -> csr_array:
    rng = np.random.default_rng(seed)
    X = random_array((n_users, n_items), density=0.2, rng=rng, dtype=np.float32).tocsr()
    X.data += np.float32(0.1)
    return X


@settings(max_examples=40, deadline=None)
@given(
    n_users=st.integers(1, 30),
    n_items=st.integers(1, 30),
    k=st.integers(1, 12),
    at_once=st.sampled_from([1, 50, 1 << 21]),
    seed=st.integers(0, 99),
)
def test_every_item_is_regressed_on_those_that_explain_most(
    n_users: int, n_items: int, k: int, at_once: int, seed: int
) -> None:
    X = drawn(n_users, n_items, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slim, "_AT_ONCE", at_once)
        found = slim.regressions(X, 2.0, k)
    np.testing.assert_allclose(found.toarray(), one_by_one(X.toarray().astype(np.float64), 2.0, k), atol=1e-5)
    assert np.diff(found.tocsc().indptr).max(initial=0) <= k


@settings(max_examples=20, deadline=None)
@given(n_users=st.integers(5, 30), n_items=st.integers(2, 12), seed=st.integers(0, 99))
def test_of_all_items_it_is_ease(n_users: int, n_items: int, seed: int) -> None:
    X = csr_array(drawn(n_users, n_items, seed).toarray() + np.float32(0.01))  # every pair of items shares a user
    found = slim.regressions(X, 1.0, n_items).toarray()
    np.testing.assert_allclose(found, primal(X, 1.0, np.ones(n_items, np.float32)), atol=1e-5)


def test_how_many_products_there_will_be_is_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    X = drawn(50, 200, 0)
    assert slim._products(X.T.tocsr(), X) == (X.T @ X).nnz  # all are asked
    monkeypatch.setattr(slim, "_ASKED", 50)
    assert slim._products(X.T.tocsr(), X) == pytest.approx((X.T @ X).nnz, rel=0.2)
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(RecsysError, match=r"SLIM on 200 items.*item_knn"):
        slim.regressions(X, 1.0, 10)


def test_without_items_or_events_there_is_nothing() -> None:
    for n_items in (4, 0):
        nothing: Any = csr_array((3, n_items), dtype=np.float32)
        found = slim.regressions(nothing, 1.0, 2)
        assert found.nnz == 0
        assert found.shape == (n_items, n_items)
