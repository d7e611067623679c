"""What is surely bought after what, against a slow count; and the complements that come of it."""

from __future__ import annotations

from collections import Counter
from itertools import product

import numpy as np
import pandas as pd
import pytest

import kg
from recsys.following import following
from recsys.scorers.kinds import kinds_of
from recsys.scorers.sequels import Sequels, before_and_after
from recsys.similar import Similar

KINDS = ("feeder", "seed", "soap", "cup", "tea", "hat", "pen", "lamp", "rug", "jam", "vase", "map")
REACH = 3


def shop(seed: int = 0) -> pd.DataFrame:
    """Each of many people buys a few things; a day or more after a feeder mostly the seed of its number."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(600):
        for day in sorted(rng.choice(60, rng.integers(2, 4), replace=False)):
            kind, number = rng.choice(KINDS), rng.integers(4)
            rows.append((f"u{user}", f"{kind}-{number}", day))
            if kind == "feeder" and rng.random() < 0.7:
                rows.append((f"u{user}", f"seed-{number}", day + int(rng.integers(1, 5))))
    log = pd.DataFrame(rows, columns=["user_id", "item_id", "day"])
    return log.assign(time=pd.Timestamp("2024-03-01") + pd.to_timedelta(log["day"], unit="D"))


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    return shop()


@pytest.fixture(scope="module")
def graph(log: pd.DataFrame) -> kg.KnowledgeGraph:
    items = sorted(set(log["item_id"]))
    facts = pd.DataFrame({"head": items, "tail": [item.partition("-")[0] for item in items]})
    facts = facts.assign(relation="category", head_type="item", tail_type="category", literal=False)
    return kg.build(kg.Tables.of(events=log.drop(columns="day"), facts=facts))


def test_pairs_are_counted_as_told(log: pd.DataFrame, graph: kg.KnowledgeGraph) -> None:
    slow: Counter[tuple[str, str]] = Counter()
    for _, own in log.groupby("user_id"):
        baskets = [set(part["item_id"]) for _, part in own.groupby("day")]
        for place, first in enumerate(baskets):
            for later in baskets[place + 1 : place + 1 + REACH]:
                slow.update(product(first, later))
    before, after = before_and_after(graph, ("user", "purchase", "item"), float("inf"), REACH)
    counted, ids = (before @ after).toarray(), graph.nodes["item"].ids.ids
    assert {(ids[a], ids[b]): counted[a, b] for a, b in zip(*counted.nonzero(), strict=True)} == slow


def test_only_what_comes_after_follows(graph: kg.KnowledgeGraph) -> None:
    found = following(graph, kinds_of(graph, "category")[0], 10).toarray()
    kinds = graph.nodes["category"].ids.ids
    assert [(kinds[a], kinds[b]) for a, b in zip(*found.nonzero(), strict=True)] == [("feeder", "seed")]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_follows_by_chance(seed: int) -> None:
    log = shop(seed)
    log["item_id"] = np.random.default_rng(seed).permutation(log["item_id"])
    items = sorted(set(log["item_id"]))
    facts = pd.DataFrame({"head": items, "tail": [item.partition("-")[0] for item in items]})
    facts = facts.assign(relation="category", head_type="item", tail_type="category", literal=False)
    graph = kg.build(kg.Tables.of(events=log.drop(columns="day"), facts=facts))
    assert following(graph, kinds_of(graph, "category")[0], 10).nnz == 0


def test_what_is_bought_later_is_a_complement(graph: kg.KnowledgeGraph) -> None:
    similar = Similar(graph, sequels=Sequels().fit(graph))
    for number in range(4):
        found = similar.frame(f"feeder-{number}")
        complements = found[found["kind"] == "complement"]
        assert complements["item_id"].iloc[0] == f"seed-{number}"
        assert all(item.startswith("seed") for item in complements["item_id"])
    assert "complement" not in set(similar.frame("soap-1")["kind"])
    assert "complement" not in set(similar.frame("seed-1")["kind"])
    without = Similar(graph).frame("feeder-1")
    assert "seed-1" not in set(without[without["kind"] == "complement"]["item_id"])


def test_without_kinds_or_times_nothing_follows() -> None:
    graph = kg.build(kg.Tables.of(events={"user_id": ["a", "a"], "item_id": ["x", "y"]}))
    assert not Similar(graph, sequels=Sequels().fit(graph)).later(0).any()
