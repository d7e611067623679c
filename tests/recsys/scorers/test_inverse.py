"""The inverse in place, by LAPACK and by sweeping blocks, against numpy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.scorers import inverse


def positive(n: int, seed: int) -> np.ndarray:
    half = np.random.default_rng(seed).standard_normal((n, n))
    return half @ half.T + np.eye(n)


@pytest.mark.parametrize("lapack", [0, 1 << 31])
@settings(max_examples=30, deadline=None)
@given(n=st.integers(1, 40), block=st.integers(1, 50), seed=st.integers(0, 99))
def test_both_ways_are_the_inverse(lapack: int, n: int, block: int, seed: int) -> None:
    A = positive(n, seed)
    expected = np.linalg.inv(A)
    lower = np.asfortranarray(np.tril(A) + np.triu(np.full((n, n), np.nan), 1), dtype=np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inverse, "_LAPACK", lapack)
        patch.setattr(inverse, "_BLOCK", block)
        found = inverse.invert(lower)
    assert np.shares_memory(found, lower)
    np.testing.assert_allclose(found, expected, atol=2e-4 * np.abs(expected).max())


@pytest.mark.parametrize("lapack", [0, 1 << 31])
def test_what_has_no_root_is_said(lapack: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverse, "_LAPACK", lapack)
    monkeypatch.setattr(inverse, "_BLOCK", 2)
    A = np.asfortranarray(np.diag([1, 2, 3, -1, 5]).astype(np.float32))
    with pytest.raises(np.linalg.LinAlgError):
        inverse.invert(A)
