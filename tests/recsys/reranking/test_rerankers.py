"""Every step against a slow twin that looks at one user's list at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from recsys.errors import RecsysError
from recsys.reranking import RERANKERS, reranker
from recsys.reranking.shelf import chosen, codes, first_sold
from recsys.reranking.slate import Setting, Slate
from tests.recsys.reranking.conftest import N_ITEMS, N_USERS, rows, setting

MINIMAL: dict[str, dict[str, Any]] = {
    "pin": {"items": ["i03", "i23"], "place": 2},
    "boost": {"nodes": ["brand:b1"]},
    "bury": {"nodes": ["category:c1"]},
}
Row = list[tuple[int, float, float]]


def made(kind: str, **given: Any) -> Any:
    return reranker({"step": kind, **MINIMAL.get(kind, {}), **given})


def nodes(graph: kg.KnowledgeGraph, relation: str, item: int) -> set[int]:
    edges = graph.relations[graph.find(relation, "item")]
    return set(edges.indices[edges.indptr[item] : edges.indptr[item + 1]].tolist())


def by_value(row: Row, amount: Any) -> Row:
    raised = [(item, value + amount(item), score) for item, value, score in row]
    return sorted(raised, key=lambda one: -one[1])


def same(slate: Slate, wanted: list[Row]) -> None:
    found = rows(slate)
    assert [[one[0] for one in row] for row in found] == [[one[0] for one in row] for row in wanted]
    for mine, theirs in zip(found, wanted, strict=True):
        np.testing.assert_allclose([one[1:] for one in mine], [one[1:] for one in theirs], atol=1e-9)


seeds = st.integers(0, 10_000)


@st.composite
def shown(draw: st.DrawFn) -> tuple[int, np.ndarray]:
    """A seed and what may not be shown to whom; sometimes all but one, or everything."""
    seed = draw(seeds)
    rng = np.random.default_rng(seed)
    hidden = rng.random((N_USERS, N_ITEMS)) < draw(st.sampled_from([0.0, 0.5, 0.9]))
    hidden[0] = draw(st.booleans())
    return seed, hidden


@given(given=shown(), n=st.integers(1, 30))
def test_a_slate_begins_with_the_best_scaled(shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], n: int) -> None:
    found = setting(shop, given[0], hidden=given[1])
    for row, own in zip(rows(Slate.of(found.scores, n)), found.scores, strict=True):
        best = sorted((item for item in range(N_ITEMS) if own[item] > -np.inf), key=lambda item: (-own[item], item))[:n]
        assert [one[0] for one in row] == best
        span = (own[best[0]] - own[best[-1]]) if best else 0
        for item, value, score in row:
            assert score == own[item]
            assert value == pytest.approx(1 - (own[best[0]] - score) / span if span else 1)


@pytest.mark.parametrize("kind", RERANKERS)
@settings(max_examples=15, deadline=None)
@given(given=shown(), k=st.integers(1, 8))
def test_no_step_invents_doubles_or_shows_what_may_not_be(
    shop: kg.KnowledgeGraph, kind: str, given: tuple[int, np.ndarray], k: int
) -> None:
    where = setting(shop, given[0], k, given[1])
    before = Slate.of(where.scores, 12)
    after = made(kind).rerank(before, where)
    pinned = set(made("pin").places(shop)) if kind == "pin" else set()
    for old, new, own in zip(rows(before), rows(after), where.scores, strict=True):
        items = [one[0] for one in new]
        assert len(set(items)) == len(items)
        assert set(items) <= {one[0] for one in old} | pinned
        assert all(own[item] == score > -np.inf for item, _, score in new)
        values = [one[1] for one in new]
        assert values == sorted(values, reverse=True)
    for items in after.items:
        n = np.count_nonzero(items >= 0)
        assert (items[n:] == -1).all()


@settings(max_examples=25, deadline=None)
@given(given=shown(), weight=st.sampled_from([0.0, 0.3, 1.0]), k=st.integers(1, 8), both=st.booleans())
def test_diversity_is_greedy_maximal_marginal_relevance(
    shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], weight: float, k: int, both: bool
) -> None:
    where = setting(shop, given[0], k, given[1])
    before = Slate.of(where.scores, 12)
    attributes = ("category", "brand") if both else ("brand",)
    found = made("diversity", weight=weight, attributes=attributes).rerank(before, where)
    wanted = []
    for row in rows(before):
        picked: list[int] = []
        for _ in range(min(k, len(row))):

            def gain(one: tuple[int, float, float], picked: list[int] = picked) -> float:
                alike = [
                    sum(bool(nodes(shop, of, one[0]) & nodes(shop, of, other)) for of in attributes) / len(attributes)
                    for other in picked
                ]
                return (1 - weight) * one[1] - weight * max(alike, default=0.0)

            picked.append(max((one for one in row if one[0] not in picked), key=gain)[0])
        wanted.append(picked + [one[0] for one in row if one[0] not in picked])
    assert [[one[0] for one in row] for row in rows(found)] == wanted
    np.testing.assert_array_equal(found.values, before.values)


@settings(max_examples=15, deadline=None)
@given(given=shown(), half_life=st.sampled_from([3.0, 40.0]))
def test_freshness_halves(shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], half_life: float) -> None:
    where = setting(shop, given[0], hidden=given[1])
    before = Slate.of(where.scores, 12)
    edges = shop.relations[("user", "purchase", "item")]

    def fresh(item: int) -> float:
        times = edges.time[edges.indices == item]
        return 2.0 ** (-(shop.now - min(times)) / 86_400 / half_life) if len(times) else 1.0

    wanted = [by_value(row, lambda item: 0.5 * fresh(item)) for row in rows(before)]
    same(made("freshness", weight=0.5, half_life=half_life).rerank(before, where), wanted)


@settings(max_examples=15, deadline=None)
@given(given=shown(), least=st.sampled_from([1, 3, 12]))
def test_a_price_beyond_what_the_user_pays_costs(
    shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], least: int
) -> None:
    where = setting(shop, given[0], hidden=given[1])
    before = Slate.of(where.scores, 12)
    price, query = shop.features["item"]["price"], where.query
    wanted = []
    for user, row in enumerate(rows(before)):
        had = [float(price[node - query.items.start]) for node in query.nodes[query.events_of(user)]]
        had = [np.log2(paid) for paid in had if not np.isnan(paid)]

        def outside(item: int, had: list[float] = had) -> float:
            if len(had) < least or np.isnan(price[item]):
                return 0.0
            low, high = np.quantile(had, 0.2), np.quantile(had, 0.8)
            own = np.log2(float(price[item]))
            return min(max(low - own, own - high, 0.0), 1.0)

        wanted.append(by_value(row, lambda item, outside=outside: -0.4 * outside(item)))
    same(made("price_range", weight=0.4, low=0.2, high=0.8, least=least).rerank(before, where), wanted)


@pytest.mark.parametrize("by", ["margin", "price"])
def test_earnings_rank_the_shops_items(shop: kg.KnowledgeGraph, by: str) -> None:
    where = setting(shop)
    before, earned = Slate.of(where.scores, 20), shop.features["item"][by]
    known = [float(value) for value in earned if not np.isnan(value)]

    def share(item: int) -> float:
        return 0.5 if np.isnan(earned[item]) else sum(other < earned[item] for other in known) / (len(known) - 1)

    wanted = [by_value(row, lambda item: 0.7 * share(item)) for row in rows(before)]
    same(made("earnings", by=by, weight=0.7).rerank(before, where), wanted)


def test_what_is_out_of_stock_goes_and_little_goes_down(shop: kg.KnowledgeGraph) -> None:
    where = setting(shop)
    before = Slate.of(where.scores, 20)
    pieces, available = shop.features["item"]["stock"], shop.features["item"]["available"]
    wanted = []
    for row in rows(before):
        lowered = by_value(row, lambda item: -0.3 * float(pieces[item] < 4))
        wanted.append([one for one in lowered if available[one[0]] and not pieces[one[0]] < 2])
    same(made("stock", least=2, low=4).rerank(before, where), wanted)


def test_boost_bury_and_what_they_mean(shop: kg.KnowledgeGraph) -> None:
    where = setting(shop)
    before = Slate.of(where.scores, 20)
    below = {item for item in range(N_ITEMS - 1) if item % 4 in (0, 1)}  # c0 lies below c1
    assert set(np.flatnonzero(chosen(shop, ["category:c1"]))) == below
    wanted = [by_value(row, lambda item: 0.25 * (item in below or item == 3)) for row in rows(before)]
    same(made("boost", nodes=["category:c1", "item:i03"], weight=0.25).rerank(before, where), wanted)
    buried = [[one[0] for one in row if one[0] not in below] for row in rows(before)]
    last = [[one[0] for one in row if one[0] in below] for row in rows(before)]
    found = made("bury", nodes=["category:c1"]).rerank(before, where)
    assert [[one[0] for one in row] for row in rows(found)] == [a + b for a, b in zip(buried, last, strict=True)]
    out = made("bury", nodes=["category:c1"], out=True).rerank(before, where)
    assert [[one[0] for one in row] for row in rows(out)] == buried


@settings(max_examples=25, deadline=None)
@given(given=shown(), most=st.integers(1, 3), among=st.none() | st.integers(1, 8), pinned=st.booleans())
def test_a_cap_holds(
    shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], most: int, among: int | None, pinned: bool
) -> None:
    where = setting(shop, given[0], hidden=given[1])
    before = Slate.of(where.scores, 14)
    if pinned:
        before = made("pin", items=["i05"], place=2).rerank(before, where)
    after = made("cap", attribute="brand", most=most, **({"among": among} if among else {})).rerank(before, where)
    for old, new in zip(rows(before), rows(after), strict=True):
        looked_at = [one[0] for one in new][:among]
        counts: dict[int, int] = {}
        for item in looked_at:
            for node in nodes(shop, "brand", item):
                counts[node] = counts.get(node, 0) + 1
        kept = [one[0] for one in new]
        if among is None:
            assert max(counts.values(), default=0) <= most
            gone = [one[0] for one in old if one[0] not in kept]
            assert all(any(counts.get(node, 0) >= most for node in nodes(shop, "brand", item)) for item in gone)
        else:
            assert sorted(kept) == sorted(one[0] for one in old)
            others = [one[0] for one in old if one[0] not in looked_at]
            fit = [x for x in others if all(counts.get(node, 0) < most for node in nodes(shop, "brand", x))]
            if max(counts.values(), default=0) > most:  # there were not enough others
                assert not fit
        if pinned and 5 in kept and len(kept) > 1:
            assert kept.index(5) == 1


def test_readable_prefers_a_path_with_a_sentence(shop: kg.KnowledgeGraph) -> None:
    where = setting(shop, k=4)
    before = Slate.of(where.scores, 12)
    edges = shop.relations[("user", "purchase", "item")]
    buyers = [set(edges.sources[edges.indices == item].tolist()) for item in range(N_ITEMS)]
    wanted = []
    for user, row in enumerate(rows(before)):
        known = {one[0] for one in row[:8]}
        bought = int(where.query.nodes[where.query.events_of(user)][0]) - where.query.items.start

        def told(item: int, known: set[int] = known, bought: int = bought, user: int = user) -> bool:
            with_others = bool((buyers[item] & buyers[bought]) - {user})
            return item in known and item % 2 == 0 and (item == bought or with_others)

        wanted.append(by_value(row, lambda item, told=told: 0.2 * told(item)))
    same(made("readable", weight=0.2).rerank(before, where), wanted)


@settings(max_examples=25, deadline=None)
@given(given=shown(), place=st.integers(1, 15), later=st.sampled_from(["diversity", "freshness", "bury", "stock"]))
def test_a_pin_holds_whatever_comes_later(
    shop: kg.KnowledgeGraph, given: tuple[int, np.ndarray], place: int, later: str
) -> None:
    where = setting(shop, given[0], hidden=given[1])
    pin = made("pin", items=["i07", "i02"], place=place)
    first = pin.rerank(Slate.of(where.scores, 8), where)
    after = made(later, **({"nodes": ["brand:b0"]} if later == "bury" else {})).rerank(first, where)
    available = shop.features["item"]["available"] & ~(shop.features["item"]["stock"] < 1)
    for row, own in zip(rows(after), where.scores, strict=True):
        items = [one[0] for one in row]
        there = [item for item in (7, 2) if own[item] > -np.inf and (later != "stock" or available[item])]
        for item, wanted in ((7, place - 1), (2, place)):
            if item in there and wanted < len(items) - 1:
                assert items.index(item) == wanted
            elif item in there:
                assert items.index(item) >= len(items) - len(there)


def test_codes_and_first_events(shop: kg.KnowledgeGraph) -> None:
    found = codes(shop, "brand")
    for item in range(N_ITEMS):
        assert {node for node in found[item].tolist() if node >= 0} == nodes(shop, "brand", item)
    assert np.isinf(first_sold(shop)[-2:]).all()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"step": "divresity"}, "Did you mean 'diversity'"),
        ({}, "does not say which"),
        ({"step": "cap", "mots": 2}, "Did you mean 'most'"),
        ({"step": "cap", "most": 0}, "cannot take this most"),
        ({"step": "pin"}, "needs items"),
        ({"step": "boost", "nodes": []}, "nodes"),
        ({"step": "price_range", "low": 0.9, "high": 0.1}, "ends below its start"),
    ],
)
def test_a_step_that_cannot_be_is_told(given: dict[str, Any], told: str) -> None:
    with pytest.raises(RecsysError, match=told):
        reranker(given)


def bare() -> Setting:
    import pandas as pd

    events = pd.DataFrame({"user_id": ["u0", "u1"], "item_id": ["a", "b"]})
    graph = kg.build(kg.Tables.of(events=events))
    return setting(graph)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"step": "diversity"}, "no such attribute.*none"),
        ({"step": "freshness"}, "no times"),
        ({"step": "price_range"}, "says no price"),
        ({"step": "earnings"}, "says no margin"),
        ({"step": "stock", "low": 3}, "says no stock"),
        ({"step": "boost", "nodes": ["azure"]}, "TYPE:NAME"),
    ],
)
def test_what_the_shop_does_not_say_is_told(step: dict[str, Any], told: str) -> None:
    where = bare()
    with pytest.raises(RecsysError, match=told):
        reranker(step).rerank(Slate.of(where.scores, 2), where)
