"""The logit and its calibration: right maths, monotone chances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.linking.calibration import Calibration
from kg.linking.choice import Choice

EXAMPLES = st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from([1.0, 10.0])), min_size=1, max_size=40)


@given(EXAMPLES)
def test_chances_rise_with_scores_and_are_never_0_or_1_by_themselves(examples: list[tuple[float, bool, float]]) -> None:
    scores, right, weights = (np.array(column, dtype=float) for column in zip(*examples, strict=True))
    calibrated = Calibration.of(scores, right, weights)
    chances = calibrated(np.linspace(0, 1, 50))
    assert np.all(np.diff(chances) >= -1e-12)
    assert np.all((chances >= 0) & (chances <= 1))
    if 0 < right.sum() < len(right):
        assert np.all((chances > 0) & (chances < 1))


def test_blocks_are_those_of_isotonic_regression() -> None:
    rng = np.random.default_rng(0)
    scores = np.arange(60) / 60
    right = (rng.random(60) < scores).astype(float)
    isotonic = np.array(
        [max(min(right[j:k].mean() for k in range(i + 1, 61)) for j in range(i + 1)) for i in range(60)]
    )
    calibrated = Calibration.of(scores, right, np.full(60, 1e6))  # against which the prior is nothing
    ends = np.flatnonzero(np.append(np.diff(isotonic) > 1e-9, True))
    assert calibrated.scores == pytest.approx(scores[ends])
    assert calibrated.chances == pytest.approx(isotonic[ends], abs=1e-5)


def test_without_examples_scores_stay() -> None:
    assert Calibration.of(np.zeros(0), np.zeros(0))(np.array([0.3])).tolist() == [0.3]


def test_a_planted_choice_is_learned() -> None:
    """Candidates are right with the chances of known weights: those come out."""
    rng = np.random.default_rng(1)
    m, size = 4000, 4
    features = rng.normal(size=(m * size, 2))
    starts = np.arange(0, m * size + 1, size)
    odds = np.exp(features @ [1.5, -0.5]).reshape(m, size)
    odds = np.column_stack([odds, np.full(m, np.exp(0.7))])  # the last is none of them
    drawn = (rng.random(m)[:, None] > np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)).sum(axis=1)
    right = np.zeros(m * size, dtype=bool)
    some = drawn < size
    right[starts[:-1][some] + drawn[some]] = True
    choice = Choice.fit(features, starts, right, np.ones(m))
    assert choice.weights / choice.scale == pytest.approx([1.5, -0.5], abs=0.1)
    chances = choice.chances(features, starts)
    assert chances == pytest.approx((odds[:, :size] / odds.sum(axis=1, keepdims=True)).ravel(), abs=0.05)


def test_a_text_without_candidates_has_no_chances() -> None:
    choice = Choice(np.ones(1), 0.0, np.zeros(1), np.ones(1))
    found = choice.chances(np.array([[0.0], [0.0]]), np.array([0, 0, 1, 1, 2]))
    assert found == pytest.approx([0.5, 0.5])
    assert len(choice.chances(np.zeros((0, 1)), np.array([0, 0]))) == 0
