"""Popularity, trend, demand and repeat against sums written out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import Weighting
from recsys.demand import Demand, levels
from recsys.scorers.interactions import strongest
from recsys.scorers.popularity import Popularity
from recsys.scorers.repeat import Repeat, rebuy
from recsys.scorers.trend import Trend

AGES = [("ann", "mug", 0), ("ann", "mug", 7), ("bob", "mug", 14), ("bob", "tea", 0), ("ann", "tea", 70)]
"""User, item, days before the end of the log."""


@pytest.fixture
def graph() -> kg.KnowledgeGraph:
    log = pd.DataFrame(AGES, columns=["user_id", "item_id", "age"])
    times = pd.Timestamp("2024-06-01") - pd.to_timedelta(log["age"], unit="D")
    return kg.build(kg.Tables.of(events=log.drop(columns="age").assign(time=times.astype("datetime64[us]"))))


def fading(item: str, days: float) -> float:
    return sum(2 ** (-age / days) for _, bought, age in AGES if bought == item)


def test_popularity_is_the_sum_of_fading_events(graph: kg.KnowledgeGraph) -> None:
    scores = Popularity(weighting=Weighting(half_life=7)).fit(graph).score(graph.query())
    np.testing.assert_allclose(scores[0], [fading("mug", 7), fading("tea", 7)], rtol=1e-4)


def test_trend_is_the_recent_rate_against_the_long_one(graph: kg.KnowledgeGraph) -> None:
    scores = Trend(short=7, long=30).fit(graph).score(graph.query())
    expected = [np.log((fading(item, 7) + 1) / (fading(item, 30) * 7 / 30 + 1)) for item in ("mug", "tea")]
    np.testing.assert_allclose(scores[0], expected, rtol=1e-4)


def test_demand_sets_the_recent_level_against_the_usual_one(graph: kg.KnowledgeGraph) -> None:
    recent, steady = levels(graph, {}, 7, 180)
    np.testing.assert_allclose(recent, [fading("mug", 7), fading("tea", 7)], rtol=1e-4)
    np.testing.assert_allclose(steady, [fading("mug", 180) * 7 / 180, fading("tea", 180) * 7 / 180], rtol=1e-4)
    np.testing.assert_allclose(Demand(0.5, 2).of_items(graph, {}), (recent + 1) ** 0.5 / (steady + 1) ** 2, rtol=1e-5)
    assert (Demand(0, 0).of_items(graph, {}) == 1).all()


def test_without_times_there_is_no_this_week() -> None:
    timeless = kg.build(kg.Tables.of(events=pd.DataFrame({"user_id": ["a", "a"], "item_id": ["x", "y"]})))
    assert (Demand().of_items(timeless, {}) == 1).all()


def test_repeat_is_the_own_frequency_times_rebuy_and_demand(graph: kg.KnowledgeGraph) -> None:
    scorer = Repeat(rebuy_power=1, demand=Demand(1, 0), weighting=Weighting(half_life=7)).fit(graph)
    average = 1 / 4  # ann came back for the mug; of four pairs
    again = {"mug": (1 + 10 * average) / (2 + 10), "tea": 10 * average / (2 + 10)}
    own = {"mug": 1 + 1 / 2, "tea": 2 ** (-70 / 7)}
    ann = graph.nodes["user"].ids.to_index(["ann"])[0]
    expected = [own[item] * again[item] * (fading(item, 7) + 1) for item in ("mug", "tea")]
    np.testing.assert_allclose(scorer.score(graph.query())[ann], expected, rtol=1e-4)


def test_where_nobody_comes_back_rebuy_says_nothing() -> None:
    assert (rebuy(csr_array(np.eye(3, dtype=np.float32))) == 1).all()


def test_the_strongest_event_of_a_pair_is_the_latest(graph: kg.KnowledgeGraph) -> None:
    expected = np.zeros((2, 2))
    for user, item, age in AGES:
        place = (int(user == "bob"), int(item == "tea"))
        expected[place] = max(expected[place], 2 ** (-age / 7))
    np.testing.assert_allclose(strongest(graph, Weighting(half_life=7)).toarray(), expected, rtol=1e-4)
