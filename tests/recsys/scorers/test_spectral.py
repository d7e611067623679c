"""The subspace iteration of the spectral scorer against numpy's full decomposition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from recsys.errors import RecsysError
from recsys.scorers import memory
from recsys.scorers.spectral import leading


@settings(max_examples=30, deadline=None)
@given(n_users=st.integers(1, 30), n_items=st.integers(1, 30), rank=st.integers(1, 35), seed=st.integers(0, 99))
def test_within_reach_of_the_spare_vectors_it_is_exact(n_users: int, n_items: int, rank: int, seed: int) -> None:
    X = random_array((n_users, n_items), density=0.3, rng=np.random.default_rng(seed), dtype=np.float32).tocsr()
    values, vectors = leading(X, rank, seed)
    _, expected, right = np.linalg.svd(X.toarray().astype(np.float64), full_matrices=False)
    size = min(rank, n_users, n_items)
    assert vectors.shape == (n_items, len(values)) == (n_items, size)
    scale = max(expected[0], 1e-12)
    np.testing.assert_allclose(values, expected[:size], atol=2e-3 * scale)  # squares were taken in float32
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(size), atol=1e-4)
    last, after = expected[size - 1], expected[size] if size < len(expected) else 0.0
    if last - after > 0.05 * scale:  # else which vectors span the space is free
        filtered = right[:size].T * expected[:size] ** 2 @ right[:size]
        np.testing.assert_allclose(vectors * values**2 @ vectors.T, filtered, atol=1e-3 * scale**2)


def test_the_largest_of_many_values_are_found() -> None:
    rng = np.random.default_rng(3)
    left, _ = np.linalg.qr(rng.standard_normal((400, 120)))
    right, _ = np.linalg.qr(rng.standard_normal((150, 120)))
    spectrum = 0.97 ** np.arange(120)
    values, vectors = leading(csr_array((left * spectrum @ right.T).astype(np.float32)), 20, seed=1)
    np.testing.assert_allclose(values, spectrum[:20], rtol=1e-3)
    projector = right[:, :20] @ right[:, :20].T
    assert np.linalg.norm(vectors @ vectors.T - projector) < 0.05 * np.sqrt(20)


def test_too_little_memory_is_said_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(RecsysError, match=r"GiB.*item_knn"):
        leading(csr_array((60, 50), dtype=np.float32), 8, seed=0)
