"""Every shape of operator gives what the dense matrix gives, as a product and column by column."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, random_array

from recsys import blocks, operators
from recsys.operators import Diagonal, Factors, Operator, apply, column, power, scaled

N = 9


def sparse(rng: np.random.Generator, n: int, m: int) -> csr_array:
    matrix = random_array((n, m), density=0.4, rng=rng, dtype=np.float32).tocsr()
    matrix.sort_indices()
    return matrix


def shapes(rng: np.random.Generator) -> dict[str, tuple[Operator, np.ndarray]]:
    """Operators and the dense matrices that they stand for."""
    one, left, right = sparse(rng, N, N), sparse(rng, N, 4), sparse(rng, N, 4)
    core = rng.random((4, 4)).astype(np.float32)
    core += core.T
    values = rng.random(N).astype(np.float32)
    product = left.toarray() @ core @ right.toarray().T
    own = np.diag(product).copy()
    return {
        "dense": (one.toarray(), one.toarray()),
        "sparse": (one, one.toarray()),
        "diagonal": (Diagonal(values), np.diag(values)),
        "sparse factors": (Factors(left, right), left.toarray() @ right.toarray().T),
        "dense factors": (Factors(left.toarray(), right.toarray()), left.toarray() @ right.toarray().T),
        "with a core, less its own": (Factors(left, right, core, own), product - np.diag(own)),
    }


@pytest.mark.parametrize("shape", shapes(np.random.default_rng(0)))
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_shape_is_its_dense_matrix(shape: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator, matrix = shapes(rng)[shape]
    weights = sparse(rng, 6, N)
    np.testing.assert_allclose(apply(weights, operator), weights.toarray() @ matrix, atol=1e-5)
    rows = rng.integers(0, N, 12)
    for item in range(N):
        np.testing.assert_allclose(column(operator, rows, item), matrix[rows, item], atol=1e-5)


@pytest.mark.parametrize("room", [blocks.BLOCK_BYTES, 0], ids=["multiplied out", "no room for it"])
def test_a_product_that_many_ask_is_the_same(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(operators, "BLOCK_BYTES", room)
    rng = np.random.default_rng(2)
    weights, factors = sparse(rng, 200, N), Factors(sparse(rng, N, 40), sparse(rng, N, 40), own=np.ones(N, np.float32))
    assert operators._for_many(weights, factors) == (room > 0)
    assert not operators._for_many(weights[:1], factors)
    expected = weights.toarray() @ (factors.left.toarray() @ factors.right.toarray().T - np.eye(N))
    np.testing.assert_allclose(apply(weights, factors), expected, atol=1e-5)


@pytest.mark.parametrize("room", [blocks.BLOCK_BYTES, 0], ids=["made dense", "no room for it"])
def test_a_crowded_sparse_operator_is_the_same(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    monkeypatch.setattr(operators, "BLOCK_BYTES", room)
    rng = np.random.default_rng(3)
    weights, operator = sparse(rng, 50, N), sparse(rng, N, N)
    assert operators._crowded(weights, operator) == (room > 0)
    np.testing.assert_allclose(apply(weights, operator), weights.toarray() @ operator.toarray(), atol=1e-5)


@pytest.mark.parametrize("cache", [blocks.CACHE_BYTES, 50], ids=["all items at once", "some items at a time"])
def test_a_crowded_product_of_factors_is_the_same(monkeypatch: pytest.MonkeyPatch, cache: int) -> None:
    monkeypatch.setattr(blocks, "CACHE_BYTES", cache)
    rng = np.random.default_rng(1)
    left, right = sparse(rng, N, 30), sparse(rng, N, 30)
    full, thin = csr_array(np.ones((2, N), np.float32)), csr_array(np.eye(1, N, dtype=np.float32))
    for weights in (full, thin):
        expected = weights.toarray() @ left.toarray() @ right.toarray().T
        np.testing.assert_allclose(apply(weights, Factors(left, right)), expected, atol=1e-5)


def test_no_row_no_column() -> None:
    empty = csr_array((N, N), dtype=np.float32)
    assert not column(empty, np.arange(N), 3).any()
    assert column(empty, np.empty(0, np.int64), 3).shape == (0,)


def test_scaled_and_power() -> None:
    matrix = sparse(np.random.default_rng(2), 3, 4)
    rows, columns = np.array([1.0, 2, 3]), np.array([1.0, 0.5, 2, 0])
    np.testing.assert_allclose(scaled(matrix, rows, columns).toarray(), rows[:, None] * matrix.toarray() * columns)
    np.testing.assert_allclose(power(np.array([4.0, 0.0]), -0.5), [0.5, 0.0])
