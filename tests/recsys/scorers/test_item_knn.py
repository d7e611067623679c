"""The sparse blocks of item-kNN against a dense matrix of similarities sorted in full."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

import kg
from recsys.scorers.item_knn import ItemKNN, _feature


def slow_nearest(X: np.ndarray, k: int, shrinkage: float, norm: str, asymmetry: float) -> np.ndarray:
    norms = np.sqrt((X * X).sum(axis=0) if norm == "cosine" else (X > 0).sum(axis=0) + 1.0)
    products = np.outer(norms ** (2 * (1 - asymmetry)), norms ** (2 * asymmetry))
    similarity = np.where(products > 0, X.T @ X / np.where(products > 0, products + shrinkage, 1), 0)
    np.fill_diagonal(similarity, 0)
    for item in range(X.shape[1]):
        similarity[np.argsort(-similarity[:, item], kind="stable")[k:], item] = 0
    return similarity


@settings(max_examples=15, deadline=None)
@given(
    n_users=st.integers(1, 30),
    n_items=st.integers(1, 30),
    k=st.integers(1, 35),
    shrinkage=st.sampled_from([0.0, 5.0]),
    norm=st.sampled_from(["cosine", "count"]),
    asymmetry=st.sampled_from([0.0, 0.5, 0.8]),
    seed=st.integers(0, 99),
)
def test_neighbours_are_the_k_most_similar(
    n_users: int, n_items: int, k: int, shrinkage: float, norm: Any, asymmetry: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    bought = rng.random((n_users, n_items)) < 0.3
    bought[0] = True
    log = pd.DataFrame([(f"u{u:02}", f"i{i:02}") for u, i in np.argwhere(bought)], columns=["user_id", "item_id"])
    scorer = ItemKNN(k=k, shrinkage=shrinkage, norm=norm, asymmetry=asymmetry).fit(kg.build(kg.Tables.of(events=log)))
    assert isinstance(scorer.operator_, csr_array)
    found = scorer.operator_.toarray()
    expected = slow_nearest(bought[bought.any(axis=1)].astype(float), k, shrinkage, norm, asymmetry)
    # which of several equals is kept is free: the similarities are not
    np.testing.assert_allclose(np.sort(found, axis=0), np.sort(expected, axis=0), atol=1e-6)
    assert not found.diagonal().any()


@pytest.mark.parametrize("feature", ["tfidf", "bm25"])
def test_a_user_who_takes_everything_tells_less(feature: str) -> None:
    taken = np.zeros((2, 10), dtype=np.float32)
    taken[0] = 1
    taken[1, :2] = 1
    weighed = _feature(csr_array(taken), feature).toarray()
    assert 0 < weighed[0, 0] < weighed[1, 0]
