"""Rules against their definitions, and of nothing where there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kg.mining.between import between
from kg.mining.pairs import baskets, count_pairs
from kg.mining.rules import COLUMNS, associations
from tests.kg.mining.logs import Row, tables


def shop(seed: int = 0) -> list[Row]:
    """200 baskets of three of twenty things at random; tea and scones often together; jam in every second of those."""
    rng = np.random.default_rng(seed)
    log: list[Row] = []
    for basket in range(200):
        own = {f"i{n}" for n in rng.choice(20, 3, replace=False)}
        if basket % 5 == 0:
            own |= {"tea", "scone"} | ({"jam"} if basket % 10 == 0 else set())
        log += [(f"u{basket}", item, "purchase", f"s{basket}", basket) for item in sorted(own)]
    return log


def test_a_rule_is_what_its_definition_says() -> None:
    found = associations(count_pairs(baskets(tables(shop()).events, "purchase"), 5), "with", 10)
    assert tuple(found.columns) == COLUMNS
    assert {*found["head"]} == {"tea", "scone", "jam"}
    rule = found.set_index(["head", "tail"]).loc[("tea", "jam")]
    together, tea, jam, n = 20, 40, 20, 200
    assert rule["count"] == together
    assert rule["support"] == together / n
    assert rule["confidence"] == together / tea
    assert rule["lift"] == pytest.approx(together * n / (tea * jam))
    assert rule["conviction"] == pytest.approx((1 - jam / n) / (1 - together / tea))
    assert rule["time"] == pd.Timestamp("2024-01-01 12:00") + pd.Timedelta(days=190)
    assert found.set_index(["head", "tail"]).loc[("jam", "tea"), "conviction"] == np.inf


def test_of_a_head_the_surest_stay() -> None:
    every, first = (
        associations(count_pairs(baskets(tables(shop()).events, "purchase"), 5), "with", most) for most in (10, 1)
    )
    assert first["head"].is_unique
    best = every[every["head"] == "tea"].sort_values("count", ascending=False).iloc[0]
    assert first.set_index("head").loc["tea", "tail"] == best["tail"] == "scone"


def test_where_nothing_goes_together_no_rule_is_found() -> None:
    rng = np.random.default_rng(3)
    sizes = rng.integers(1, 30, 300)
    log = [
        (f"u{b}", f"i{n}", "purchase", f"s{b}", 0) for b, size in enumerate(sizes) for n in rng.choice(60, size, False)
    ]
    assert associations(count_pairs(baskets(tables(log).events, "purchase"), 5), "with", 10).empty


def visits(both: int) -> list[Row]:
    """Two dips and an ale are looked at in one visit 30 times; each dip is bought in ten, `both` in as many."""
    log: list[Row] = []
    for visit in range(300):
        looked = ["bun", "dip", "ale"] if visit < 30 else [f"other {visit % 50}"]
        log += [(f"u{visit}", item, "view", f"s{visit}", 0) for item in looked]
        if visit < 30:
            bought = ["bun", "dip"] if visit < both else ["bun"] if visit < 10 else ["dip"] if visit < 20 - both else []
            log += [(f"u{visit}", item, "purchase", f"s{visit}", 0) for item in bought]
    return log


def pairs(log: list[Row], *kinds: str) -> set[tuple[str, str, str]]:
    found = between(tables(log), kinds, 10, 90)
    return {*found[["head", "relation", "tail"]].itertuples(index=False, name=None)}


def test_substitutes_are_viewed_together_and_not_bought_together() -> None:
    one_way = {("bun", "substitute", "dip"), ("dip", "substitute", "bun")}
    assert pairs(visits(0), "substitute") == one_way  # of one category; the ale is a drink
    assert pairs(visits(3), "substitute") == one_way  # 30 · 1/3 · 1/3 = 3.3: no more than of strangers
    assert not pairs(visits(8), "substitute")
    assert ("bun", "viewed_together", "ale") in pairs(visits(0), "viewed_together")


@pytest.mark.parametrize("kind", ["bought_together", "then_bought", "viewed_together", "substitute"])
def test_an_empty_log_has_no_rule(kind: str) -> None:
    assert not pairs([], kind)
    assert not pairs([("ann", "ale", "rating", None, None)], kind)


def test_the_habit_of_one_household_is_no_rule() -> None:
    log = [("cat" if item in ("tea", "scone", "jam") else user, item, *rest) for user, item, *rest in shop()]
    assert associations(count_pairs(baskets(tables(log).events, "purchase"), 5), "with", 10).empty
