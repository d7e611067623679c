"""Metrics against slow twins that read like their definitions, and against a published library."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch_geometric import metrics as published

from recsys.errors import RecsysError
from recsys.metrics import METRICS, NEEDS, Lists, figures, metric
from recsys.metrics.whole import beaten

N_ITEMS = 12
OF = [{0}, {1}, {0, 1}, {2}, set(), {0}, {1, 2}, {3}, {3}, {0, 1, 2}, set(), {2}]
"""The categories of every item."""
PAIRS = np.array([(item, category) for item, own in enumerate(OF) for category in own]).T
CATEGORIES = csr_array((np.ones(PAIRS.shape[1], np.float32), tuple(PAIRS)), (N_ITEMS, 4))
Case = tuple[list[list[int]], list[set[int]], list[int]]
"""Ranked items of every row, the targets of every row, and the users who had each item."""


@st.composite
def cases(draw: st.DrawFn, full: bool = False) -> Case:
    """Some users' lists of different lengths (or all full) with at least one target each."""
    n_rows = draw(st.integers(1, 5))
    order = st.permutations(range(N_ITEMS))
    lists = [draw(order)[: N_ITEMS if full else draw(st.integers(0, N_ITEMS))] for _ in range(n_rows)]
    targets = [draw(st.sets(st.integers(0, N_ITEMS - 1), min_size=1)) for _ in range(n_rows)]
    return lists, targets, draw(st.lists(st.integers(0, 9), min_size=N_ITEMS, max_size=N_ITEMS))


def judged(case: Case, n_users: int = 9) -> Lists:
    lists, targets, popularity = case
    items = np.full((len(lists), N_ITEMS), -1)
    for row, ranked in enumerate(lists):
        items[row, : len(ranked)] = ranked
    return Lists.of(items, matrix(targets), np.array(popularity), n_users, matrix(targets), CATEGORIES)


def matrix(targets: Sequence[set[int]]) -> csr_array:
    pairs = [(row, item) for row, wanted in enumerate(targets) for item in sorted(wanted)]
    rows, columns = np.array(pairs).T
    return csr_array((np.full(len(pairs), 2, np.float32), (rows, columns)), (len(targets), N_ITEMS))


def dcg(right: Sequence[bool]) -> float:
    return sum(1 / math.log2(rank + 1) for rank, hit in enumerate(right, 1) if hit)


def slow_ndcg(ranked: list[int], wanted: set[int], k: int) -> float:
    return dcg([item in wanted for item in ranked[:k]]) / dcg([True] * min(len(wanted), k))


def slow_ndcg_kgat(ranked: list[int], wanted: set[int], k: int) -> float:
    right = [item in wanted for item in ranked[:k]]
    return dcg(right) / dcg(sorted(right, reverse=True)) if any(right) else 0.0


def slow_average_precision(ranked: list[int], wanted: set[int], k: int) -> float:
    precisions = [len(wanted & set(ranked[:rank])) / rank for rank, item in enumerate(ranked[:k], 1) if item in wanted]
    return sum(precisions) / min(len(wanted), k)


def slow_reciprocal_rank(ranked: list[int], wanted: set[int], k: int) -> float:
    return next((1 / rank for rank, item in enumerate(ranked[:k], 1) if item in wanted), 0.0)


SLOW: dict[str, Callable[[list[int], set[int], int], float]] = {
    "ndcg": slow_ndcg,
    "ndcg-kgat": slow_ndcg_kgat,
    "map": slow_average_precision,
    "mrr": slow_reciprocal_rank,
    "recall": lambda ranked, wanted, k: len(wanted & set(ranked[:k])) / len(wanted),
    "precision": lambda ranked, wanted, k: len(wanted & set(ranked[:k])) / k,
    "hit_rate": lambda ranked, wanted, k: float(bool(wanted & set(ranked[:k]))),
}


@pytest.mark.parametrize("name", SLOW)
@given(case=cases(), k=st.integers(1, N_ITEMS + 3))
def test_a_metric_of_each_list_is_its_definition(name: str, case: Case, k: int) -> None:
    lists, targets, _ = case
    wanted = [SLOW[name](ranked, right, k) for ranked, right in zip(lists, targets, strict=True)]
    found = metric(name)(judged(case), k)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


PUBLISHED = {
    "ndcg": published.LinkPredNDCG,
    "recall": published.LinkPredRecall,
    "precision": published.LinkPredPrecision,
    "hit_rate": published.LinkPredHitRatio,
    "map": published.LinkPredMAP,
    "mrr": published.LinkPredMRR,
}


@pytest.mark.parametrize("name", PUBLISHED)
@given(case=cases(full=True), k=st.integers(1, N_ITEMS))
def test_means_equal_those_of_torch_geometric(name: str, case: Case, k: int) -> None:
    lists, targets, _ = case
    oracle = PUBLISHED[name](k)
    pairs = [(row, item) for row, wanted in enumerate(targets) for item in wanted]
    oracle.update(torch.tensor(lists), torch.tensor(pairs).T)
    assert metric(name)(judged(case), k).mean() == pytest.approx(float(oracle.compute()), abs=1e-6)


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_coverage_is_the_share_of_items_that_anybody_is_shown(case: Case, k: int) -> None:
    shown = {item for ranked in case[0] for item in ranked[:k]}
    found = metric("coverage")(judged(case), k)
    assert found.shape == ()
    assert found == len(shown) / N_ITEMS


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_novelty_is_the_mean_surprise_of_what_is_shown(case: Case, k: int) -> None:
    lists, _, popularity = case
    surprise = [-math.log2(max(had, 1) / 9) for had in popularity]
    wanted = [sum(surprise[item] for item in ranked[:k]) / max(len(ranked[:k]), 1) for ranked in lists]
    np.testing.assert_allclose(metric("novelty")(judged(case), k), wanted, atol=1e-12)


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_gini_is_the_mean_difference_of_how_often_items_are_shown(case: Case, k: int) -> None:
    times = [sum(item in ranked[:k] for ranked in case[0]) for item in range(N_ITEMS)]
    apart = sum(abs(one - other) for one in times for other in times)
    found = metric("gini")(judged(case), k)
    assert found.shape == ()
    assert found == pytest.approx(apart / (2 * N_ITEMS * sum(times)) if sum(times) else 0)


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_popularity_of_the_lists_and_of_the_histories(case: Case, k: int) -> None:
    lists, targets, popularity = case  # the targets stand in for the histories
    shown = [sum(popularity[item] for item in ranked[:k]) / max(len(ranked[:k]), 1) for ranked in lists]
    np.testing.assert_allclose(metric("arp")(judged(case), k), np.array(shown) / 9, atol=1e-12)
    had = np.mean([np.mean([popularity[item] for item in own]) for own in targets])
    found = metric("popularity_lift")(judged(case), k)
    assert found.shape == ()
    assert found == pytest.approx(np.mean(shown) / had - 1 if had else 0)


def alike(one: set[int], other: set[int]) -> float:
    return len(one & other) / math.sqrt(len(one) * len(other))


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_diversity_is_what_the_categories_of_a_lists_pairs_do_not_share(case: Case, k: int) -> None:
    for ranked, found in zip(case[0], metric("diversity")(judged(case), k), strict=True):
        pairs = list(itertools.combinations([OF[item] for item in ranked[:k] if OF[item]], 2))
        wanted = 1 - sum(itertools.starmap(alike, pairs)) / len(pairs) if pairs else 0.0
        assert found == pytest.approx(wanted, abs=1e-9)


def shares(items: Iterable[int]) -> NDArray[np.float64]:
    """Of every category in some items, each divided among its own."""
    found = np.zeros(4)
    for item in items:
        for category in OF[item]:
            found[category] += 1 / len(OF[item])
    return found / found.sum() if found.any() else found


@given(case=cases(), k=st.integers(1, N_ITEMS))
def test_calibration_is_the_divergence_of_the_history_from_the_list(case: Case, k: int) -> None:
    for ranked, had, found in zip(case[0], case[1], metric("calibration")(judged(case), k), strict=True):
        p, q = shares(had), shares(ranked[:k])
        wanted = sum(a * math.log(a / (0.99 * b + 0.01 * a)) for a, b in zip(p, q, strict=True) if a)
        assert found == pytest.approx(wanted, abs=1e-9)


@given(case=cases(full=True), k=st.integers(2, N_ITEMS))
def test_diversity_and_popularity_equal_those_of_torch_geometric(case: Case, k: int) -> None:
    lists, targets, popularity = case
    one_each = np.arange(N_ITEMS) % 4
    diverse = published.LinkPredDiversity(k, torch.tensor(one_each))
    popular = published.LinkPredAveragePopularity(k, torch.tensor(popularity))
    pairs = torch.tensor([(row, item) for row, wanted in enumerate(targets) for item in wanted]).T
    for oracle in (diverse, popular):
        oracle.update(torch.tensor(lists), pairs)
    found = replace(judged(case), categories=csr_array(np.eye(4, dtype=np.float32)[one_each]))
    assert metric("diversity")(found, k).mean() == pytest.approx(float(diverse.compute()), abs=1e-6)
    assert 9 * metric("arp")(found, k).mean() == pytest.approx(float(popular.compute()), abs=1e-5)


@given(
    scores=st.lists(st.integers(0, 4), min_size=N_ITEMS, max_size=N_ITEMS),
    wanted=st.sets(st.integers(0, N_ITEMS - 1), min_size=1),
    barred=st.sets(st.integers(0, N_ITEMS - 1)),
)
def test_auc_is_the_share_of_pairs_in_their_right_order(scores: list[int], wanted: set[int], barred: set[int]) -> None:
    others = [scores[item] for item in range(N_ITEMS) if item not in wanted | barred]

    def share(own: int) -> float:
        return sum((own > other) + (own == other) / 2 for other in others) / len(others) if others else 0.5

    mask = np.isin(np.arange(N_ITEMS), list(barred))
    found = beaten(np.array([scores], np.float32), matrix([wanted]), mask[None])
    assert found[0] == pytest.approx(np.mean([0.0 if item in barred else share(scores[item]) for item in wanted]))
    lists = replace(judged(([[0]], [wanted], [1] * N_ITEMS)), beaten=found)
    assert figures(lists, ["auc"], (5, 10)) == {"auc": found}


def test_what_lacks_what_it_needs_says_nothing() -> None:
    bare = replace(judged(([[3, 4]], [{3}], [1] * N_ITEMS)), history=None, categories=None)
    found = figures(bare, METRICS, (2,))
    assert {*METRICS} - {name.partition("@")[0] for name in found} == {*NEEDS}


@pytest.mark.parametrize("name", SLOW)
def test_best_and_worst(name: str) -> None:
    best = judged(([[3, 4]], [{3, 4}], [1] * N_ITEMS))
    worst = judged(([[1, 2]], [{3, 4}], [1] * N_ITEMS))
    np.testing.assert_array_equal(metric(name)(best, 2), [1.0])
    np.testing.assert_array_equal(metric(name)(worst, 2), [0.0])


def test_the_ideal_list_of_kgat_forgives_what_was_missed() -> None:
    lists = judged(([[3, 0]], [{3, 4}], [1] * N_ITEMS))
    values: dict[str, NDArray[np.float64]] = {name: metric(name)(lists, 2) for name in ("ndcg", "ndcg-kgat")}
    assert values["ndcg-kgat"] == 1
    assert values["ndcg"] == pytest.approx(1 / (1 + 1 / math.log2(3)))


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecsysError, match="Did you mean ndcg"):
        metric("ndgc")
