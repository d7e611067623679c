"""Intervals that cover as often as they say, and tests that are fooled no more often than they say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys import significance
from recsys.significance import beside, holm, intervals, paired


def test_an_interval_is_about_two_standard_errors_to_each_side() -> None:
    values = np.random.default_rng(0).normal(3, 2, (400, 2))
    low, high = intervals(values, resamples=4000)
    error = values.std(axis=0) / np.sqrt(len(values))
    np.testing.assert_allclose(low, values.mean(axis=0) - 1.96 * error, atol=0.25 * error.max())
    np.testing.assert_allclose(high, values.mean(axis=0) + 1.96 * error, atol=0.25 * error.max())


def test_an_interval_covers_as_often_as_its_level() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        low, high = intervals(rng.exponential(size=(80, 1)), resamples=300, level=0.8, seed=trial)[:, 0]
        covered += low <= 1 <= high
    assert 0.7 < covered / 200 < 0.88


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.integers(0, 3))
def test_an_interval_lies_around_the_mean_and_within_the_values(values: list[float], seed: int) -> None:
    column = np.array(values)[:, None]
    low, high = intervals(column, resamples=100, level=0.99, seed=seed)[:, 0]
    assert min(values) - 1e-9 <= low <= high <= max(values) + 1e-9


def test_every_column_is_resampled_with_the_same_users() -> None:
    values = np.random.default_rng(2).normal(size=(50, 1))
    both = intervals(np.hstack([values, 2 * values]), resamples=200)
    np.testing.assert_allclose(both[:, 1], 2 * both[:, 0])


def test_the_same_seed_gives_the_same_numbers_whatever_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    first, second = rng.normal(0.2, 1, 40), rng.normal(size=40)
    at_once = paired(first, second, resamples=200, seed=4)
    assert at_once == paired(first, second, resamples=200, seed=4)
    monkeypatch.setattr(significance, "_CELLS", 40 * 7)
    in_pieces = paired(first, second, resamples=200, seed=4)
    assert in_pieces.low == pytest.approx(at_once.low, abs=0.15)
    assert in_pieces.p == pytest.approx(at_once.p, abs=0.1)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=8), st.integers(0, 3))
def test_p_is_the_share_of_all_signs_that_come_as_far(differences: list[int], seed: int) -> None:
    far = [
        abs(np.dot(signs, differences)) >= abs(sum(differences)) for signs in product((-1, 1), repeat=len(differences))
    ]
    found = paired(np.array(differences, float), np.zeros(len(differences)), resamples=2000, seed=seed)
    assert found.p == pytest.approx(np.mean(far), abs=0.06)
    assert found.difference == pytest.approx(np.mean(differences))


def test_no_difference_is_not_found_and_a_clear_one_is() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=300)
    same = paired(values, values)
    assert (same.difference, same.low, same.high, same.p) == (0, 0, 0, 1)
    better = paired(values + 0.3 + rng.normal(0, 0.5, 300), values)
    assert better.p < 0.01
    assert 0 < better.low < better.difference < better.high
    by_chance = [paired(rng.normal(size=60), rng.normal(size=60), resamples=200, seed=trial).p for trial in range(200)]
    assert 0.01 < np.mean(np.array(by_chance) < 0.05) < 0.1


@given(st.lists(st.floats(0.0001, 1), min_size=1, max_size=8))
def test_holm_rejects_what_stepping_down_rejects(ps: list[float]) -> None:
    """A hypothesis is rejected at a level where it and all of smaller p stay below level / (tests still left)."""
    adjusted = holm(np.array(ps))
    for level in (0.01, 0.05, 0.2, 0.7):
        rejected: set[int] = set()
        for done, place in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
            if ps[place] * (len(ps) - done) > level:
                break
            rejected.add(place)
        assert rejected == set(np.flatnonzero(adjusted <= level))


def test_several_are_tested_as_each_alone_and_then_corrected() -> None:
    rng = np.random.default_rng(7)
    first, *others = rng.normal(size=(4, 60)) + np.array([[0.5], [0.4], [0.1], [0.0]])
    found = beside(first, others, resamples=300, seed=1)
    alone = [paired(first, other, resamples=300, seed=1) for other in others]
    assert [one.p for one in found] == [one.p for one in alone]
    np.testing.assert_allclose([one.low for one in found], [one.low for one in alone])
    np.testing.assert_allclose([one.p_holm for one in found], holm(np.array([one.p for one in alone])))
    assert all(one.p_holm == one.p for one in alone), "one test needs no correction"
