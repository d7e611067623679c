"""Tails and false discoveries against scipy."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from kg.mining.significance import discoveries, more_than_chance, more_than_share

counts = arrays(np.int64, 5, elements=st.integers(0, 50))


@given(counts, arrays(np.float64, 5, elements=st.floats(0.01, 50)))
def test_the_tail_of_a_poisson(count: np.ndarray, expected: np.ndarray) -> None:
    found = np.where(count > 0, more_than_chance(np.maximum(count, 1), expected), 1)
    np.testing.assert_allclose(found, stats.poisson.sf(count - 1, expected), rtol=1e-9)


@given(counts, counts, arrays(np.float64, 5, elements=st.floats(0.01, 0.99)))
def test_the_tail_of_a_binomial(count: np.ndarray, others: np.ndarray, share: np.ndarray) -> None:
    found = more_than_share(count, count + others, share)
    np.testing.assert_allclose(found, stats.binom.sf(count - 1, count + others, share), rtol=1e-9)


@given(st.lists(st.floats(0, 1) | st.floats(0, 1e-3), max_size=20), st.integers(0, 50), st.sampled_from([0.01, 0.2]))
def test_discoveries_are_those_of_benjamini_and_hochberg(p: list[float], unseen: int, rate: float) -> None:
    every = np.array(p + [1.0] * unseen)
    adjusted = stats.false_discovery_control(every)[: len(p)] if len(every) else every
    clear = np.abs(adjusted - rate) > 1e-12
    found = discoveries(np.array(p), len(every), rate)
    np.testing.assert_array_equal(found[clear], (adjusted <= rate)[clear])
