"""On a small demo shop the planted truth is found again; benchmarks/planted.py measures it on the whole one."""

from __future__ import annotations

import pytest

from benchmarks.planted import CAUSES, Found, accuracy, find, oracles, telling
from kg.demo_shop import DemoShop
from recsys.config import PROTOCOLS

SHOP = DemoShop(users=1_000, items=200, events=50_000, seed=2)
SCORERS = ("popularity", "due", "tastes", "sequels")
RECOVERED = 0.7
"""Of the oracle's NDCG@10."""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    return find(SHOP, tmp_path_factory.mktemp("shop"), SCORERS)


def test_the_fusion_comes_near_the_oracle(found: Found) -> None:
    figures = accuracy(found, oracles(found))
    for repeats in PROTOCOLS:
        fusion, oracle = figures.loc[repeats, "fusion"], figures.loc[repeats, "oracle"]
        assert RECOVERED * oracle <= fusion < oracle, f"repeats {repeats}d"
        assert fusion > figures.loc[repeats, list(SCORERS)].max(), f"repeats {repeats}d: one scorer alone is as good"


def test_the_first_path_names_the_cause(found: Found) -> None:
    told = telling(found, "exclude")
    for mechanism in CAUSES:
        pairs = told[(told["mechanism"] == mechanism) & told["known"]]
        assert len(pairs) > 30, mechanism
        assert pairs["first"].mean() > 0.5, mechanism
        assert pairs["first"].mean() > 2 * pairs["chance"].mean(), mechanism
