"""Steps after one another: what each did is told, rules that contradict are errors, the cost is the users' own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from recsys.errors import RecsysError
from recsys.explanation.telling import Teller
from recsys.holdout import holdout, popularity
from recsys.protocol import Protocol
from recsys.reranking.chain import Chain, pool
from recsys.reranking.cost import cost
from recsys.serving import Service
from recsys.types import Holdout
from tests.recsys.reranking.conftest import N_ITEMS, N_USERS, Made

SECTIONS: list[dict[str, Any]] = [
    {"step": "freshness"},
    {"step": "boost", "nodes": ["brand:b1"], "name": "house brand"},
    {"step": "diversity"},
    {"step": "cap", "attribute": "brand", "most": 2},
    {"step": "stock"},
    {"step": "pin", "items": ["i23"], "place": 2},
]

PIN: dict[str, Any] = {"step": "pin", "items": ["i01"]}


def service(shop: kg.KnowledgeGraph, sections: list[dict[str, Any]], seed: int = 0, k: int = 5) -> Service:
    return Service(shop, Made(shop, seed), k, Teller(shop), Chain.of(sections), unseen=("purchase",))


def test_without_steps_nothing_changes(shop: kg.KnowledgeGraph) -> None:
    query, ids = shop.query(), shop.nodes["user"].ids.ids
    found = service(shop, []).listed(query, ids)
    assert found.places is None
    assert list(found.to_frame(shop).columns) == ["user_id", "item_id", "rank", "title", "score"]


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 999), chosen=st.lists(st.sampled_from(range(len(SECTIONS))), unique=True, min_size=1))
def test_the_moves_add_up_and_every_place_is_the_lists(shop: kg.KnowledgeGraph, seed: int, chosen: list[int]) -> None:
    served = service(shop, [SECTIONS[place] for place in chosen], seed)
    plain = service(shop, [], seed, N_ITEMS)
    query, ids = shop.query(), shop.nodes["user"].ids.ids
    found = served.listed(query, ids)
    frame, before = found.to_frame(shop), plain.listed(query, ids).to_frame(shop)
    old = {(row.user_id, row.item_id): (row.rank, row.score) for row in before.itertuples()}
    moved = [column for column in frame.columns if column.startswith("moved_by_")]
    assert len(moved) == len(chosen)
    for row in frame.to_dict("records"):
        assert (row["rank_before"], row["score"]) == old[row["user_id"], row["item_id"]]
        assert row["rank"] == row["rank_before"] - sum(row[column] for column in moved)
    for user in range(0, N_USERS, 2):
        alone = query.take(np.array([user]))
        placed = [served.placed(alone, item) for item in range(N_ITEMS)]
        shown = {int(item): place + 1 for place, item in enumerate(found.items[user]) if item >= 0}
        assert {item: one.rank for item, one in enumerate(placed) if one.rank and one.rank <= served.k} == shown
        ranked = sorted(one.rank for one in placed if one.rank)
        assert ranked == list(range(1, len(ranked) + 1))
        for item, one in enumerate(placed):
            assert one.before == old.get((ids[user], shop.nodes["item"].ids.ids[item]), (None,))[0]
            reached = one.before
            for move in one.moves:
                assert move.before == reached != move.after
                reached = move.after
            if one.before is not None and one.before <= pool(served.k):
                assert reached == one.rank


def test_beyond_the_pool_an_item_keeps_its_turn(shop: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.reranking.chain._FEWEST", 6)
    monkeypatch.setattr("recsys.reranking.chain._LONGER", 1)
    sections = [{"step": "cap", "attribute": "brand", "most": 1}, {"step": "pin", "items": ["i22"], "place": 1}]
    served = service(shop, sections)
    for user in range(2):
        alone = shop.query().take(np.array([user]))
        placed = [served.placed(alone, item) for item in range(N_ITEMS)]
        ranked = sorted(one.rank for one in placed if one.rank)
        assert ranked == list(range(1, len(ranked) + 1))
        assert placed[22].rank == 1
        assert placed[22].before is not None
        assert any(one.rank is None and one.moves[-1].after is None for one in placed if one.moves)
        first = int(served.listed(alone, shop.nodes["user"].ids.ids[[user]]).items[0, 0])
        assert first == 22
        frame = served.listed(alone, shop.nodes["user"].ids.ids[[user]]).to_frame(shop)
        assert frame["rank_before"][0] == placed[22].before


@pytest.mark.parametrize(
    ("sections", "told"),
    [
        ([PIN, {"step": "pin", "items": ["i02"], "name": "b"}], "both pinned to the place 1"),
        ([PIN, {"step": "pin", "items": ["i01"], "place": 2, "name": "b"}], "places 1 and 2"),
        ([{"step": "pin", "items": ["i01", "i01"]}], "pins an item twice"),
        ([PIN, {"step": "bury", "nodes": ["category:c1"]}], "i01 is pinned, and bury"),
        ([{"step": "boost", "nodes": ["brand:b0"]}, {"step": "bury", "nodes": ["brand:b0"]}], "brand:b0 is raised"),
        ([PIN | {"items": ["i03", "i06"]}, {"step": "cap", "attribute": "brand", "most": 1}], "2 items of one"),
        ([{"step": "boost", "nodes": ["brand:bo"]}], "There are: b0, b1, b2"),
        ([{"step": "boost", "nodes": ["maker:b0"]}], "There are brand, category, item, user"),
        ([{"step": "pin", "items": ["i99"]}], "no such item"),
    ],
)  # fmt: skip
def test_rules_that_cannot_all_hold_are_told(
    shop: kg.KnowledgeGraph, sections: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(RecsysError, match=told):
        Chain.of(sections).check(shop)


def test_two_steps_of_one_name_are_told() -> None:
    with pytest.raises(RecsysError, match="'freshness'"):
        Chain.of([{"step": "freshness"}, {"step": "freshness", "weight": 1.0}])


def test_rules_that_agree_pass(shop: kg.KnowledgeGraph) -> None:
    Chain.of(SECTIONS).check(shop)
    Chain.of([PIN, {"step": "bury", "nodes": ["category:c3"]}]).check(shop)


@pytest.fixture(scope="module")
def later(shop: kg.KnowledgeGraph) -> Holdout:
    import pandas as pd

    rng = np.random.default_rng(1)
    log = {"user_id": [f"u{user}" for user in rng.integers(0, N_USERS, 30)]}
    log |= {"item_id": [f"i{item:02}" for item in rng.integers(0, N_ITEMS, 30)]}
    found = holdout(shop, kg.Tables.of(events=pd.DataFrame(log)).events)
    assert (found.popularity == popularity(shop)).all()
    return found


@pytest.mark.parametrize("sections", [SECTIONS, [{"step": "readable", "weight": 0.5}]])
def test_the_cost_is_that_of_the_lists(shop: kg.KnowledgeGraph, later: Holdout, sections: list[dict[str, Any]]) -> None:
    protocol = Protocol("exclude", k=(4,), resamples=50)
    found = cost(Chain.of(sections), Made(shop), shop, later, protocol, Teller(shop))
    assert later.popularity is not None
    means, lists = [], []
    for n in range(len(sections) + 1):
        served = service(shop, sections[:n], k=4)
        shown = served.listed(later.query, np.arange(len(later.query))).items
        lists.append(shown)
        seen = later.query.seen(("purchase",)).toarray() > 0
        gains = []
        for user, targets in enumerate(later.targets.toarray() > 0):
            wanted = {item for item in np.flatnonzero(targets & ~seen[user]).tolist() if later.popularity[item]}
            if wanted:
                hits = [1 / np.log2(place + 2) for place, item in enumerate(shown[user]) if item in wanted]
                gains.append(sum(hits) / sum(1 / np.log2(place + 2) for place in range(min(4, len(wanted)))))
        means.append(np.mean(gains))
    assert found["users"] == len(gains)
    assert found["before"] == pytest.approx(means[0])
    for turn, step in enumerate(found["steps"]):
        assert step["ndcg@4"] == pytest.approx(means[turn + 1])
        assert step["difference"] == pytest.approx(means[turn + 1] - means[turn])
        assert step["low"] <= step["difference"] <= step["high"]
    assert found["chain"]["difference"] == pytest.approx(means[-1] - means[0])
    assert sum(step["difference"] for step in found["steps"]) == pytest.approx(found["chain"]["difference"])
