"""The oracle knows exactly what purchases are drawn from, and ranks them far better than popularity can."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from kg.demo_shop import DemoShop, generate, oracle_scores
from kg.demo_shop.oracle import next_purchase
from kg.demo_shop.world import World
from kg.demo_shop.writer import DemoFiles
from kg.errors import KgError

SHOP = DemoShop(users=400, items=200, events=30_000, seed=5)
CUT = datetime(2024, 11, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> DemoFiles:
    return generate(SHOP, tmp_path_factory.mktemp("demo"))


@pytest.fixture(scope="module")
def truth(files: DemoFiles) -> pd.DataFrame:
    return pd.read_parquet(files.truth)


def hit_rate(scores: np.ndarray, later: pd.DataFrame, users: list[str], items: pd.Index) -> float:
    """The share of later purchases among their customer's first ten items."""
    top = np.argsort(-scores, axis=1, kind="stable")[:, :10]
    rows, wanted = pd.Index(users).get_indexer(later["user_id"]), items.get_indexer(later["item_id"])
    return float((top[rows] == wanted[:, None]).any(axis=1).mean())


def test_the_oracle_beats_popularity_by_far(files: DemoFiles, truth: pd.DataFrame) -> None:
    items = pd.Index(pd.read_csv(files.items)["item_id"])
    before, later = truth[truth["time"] < CUT], truth[truth["time"] >= CUT]
    users = sorted(later["user_id"].unique())
    scores = oracle_scores(files.events.parent, users, CUT)
    assert scores.shape == (len(users), len(items))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    popularity = np.bincount(items.get_indexer(before["item_id"]), minlength=len(items))
    popular = np.tile(popularity.astype(np.float32), (len(users), 1))
    assert hit_rate(scores, later, users, items) > 2 * hit_rate(popular, later, users, items)


def test_a_mean_over_time_sees_what_falls_due(files: DemoFiles, truth: pd.DataFrame) -> None:
    items = pd.Index(pd.read_csv(files.items)["item_id"])
    due = truth[(truth["time"] >= CUT) & (truth["mechanism"] == "repurchase")]
    users = sorted(due["user_id"].unique())
    at_once = oracle_scores(files.events.parent, users, CUT)
    in_time = oracle_scores(files.events.parent, users, CUT, until=datetime(2024, 12, 30, tzinfo=UTC))
    assert hit_rate(in_time, due, users, items) > hit_rate(at_once, due, users, items)


def test_the_oracle_knows_nothing_of_what_comes_later(files: DemoFiles, truth: pd.DataFrame) -> None:
    users = sorted(truth["user_id"].unique())
    scores = oracle_scores(files.events.parent, users, CUT)
    stored = files.truth.read_bytes()
    try:
        truth[truth["time"] < CUT].to_parquet(files.truth)
        np.testing.assert_array_equal(oracle_scores(files.events.parent, users, CUT), scores)
    finally:
        files.truth.write_bytes(stored)


def test_purchases_are_drawn_from_the_oracle_s_probabilities(files: DemoFiles, truth: pd.DataFrame) -> None:
    """Expected and observed numbers of six kinds of purchases agree within four standard deviations."""
    items, users = pd.read_parquet(files.truth_items), pd.read_parquet(files.truth_users)
    world = World.of(SHOP, items, users)
    user = pd.Index(users["user_id"]).get_indexer(truth["user_id"])
    item = pd.Index(items["item_id"]).get_indexer(truth["item_id"])
    time = (truth["time"] - pd.Timestamp(SHOP.first_day, tz="UTC")).dt.total_seconds().to_numpy()
    n_kinds, every = 6, np.arange(len(items))
    expected, variance, observed = np.zeros(n_kinds), np.zeros(n_kinds), np.zeros(n_kinds)
    for code in np.unique(user):
        rows = np.flatnonzero(user == code)
        for k, row in enumerate(rows):
            had = item[rows[:k]]
            chance = next_purchase(world, SHOP.mixture.weights(), code, had, time[rows[:k]], time[row])
            first, second = world.complements[had].T
            kinds = np.array(
                [
                    world.brand == world.favourite[code],
                    world.category == world.interests[code, 0],
                    np.isin(every, first),
                    np.isin(every, second),
                    np.isin(every, had),
                    world.weekly[0] > np.quantile(world.weekly[0], 0.9),
                ]
            )
            share = kinds @ chance
            expected += share
            variance += share * (1 - share)
            observed += kinds[:, item[row]]
    assert (observed > 100).all()
    np.testing.assert_array_less(np.abs(observed - expected), 4 * np.sqrt(variance))


def test_who_is_no_customer_is_named(files: DemoFiles) -> None:
    with pytest.raises(KgError, match="nobody"):
        oracle_scores(files.events.parent, ["U0000001", "nobody"], CUT)
