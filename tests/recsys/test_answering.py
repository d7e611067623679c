"""Why not, why above, what if: every answer holds when everything is ranked again by hand."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.query import Query
from recsys import answering
from recsys.answering import why_above, why_not, without, would_bring
from recsys.errors import RecsysError
from recsys.explanation.answer_contract import answer_json
from recsys.explanation.answer_words import Answer, answer_words
from recsys.explanation.telling import Teller
from recsys.explanation.whatif import with_each
from recsys.fusion import Fusion
from recsys.reranking.chain import NOTHING, Chain
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity
from recsys.serving import Service

N_ITEMS, K = 12, 3
FORMS = ["en", "zh"]


def shop(seed: int, n_events: int = 50) -> tuple[kg.KnowledgeGraph, Fusion]:
    rng = np.random.default_rng(seed)
    log = {
        "user_id": [f"u{user}" for user in rng.integers(0, 8, n_events)],
        "item_id": [f"i{item:02}" for item in rng.integers(0, N_ITEMS, n_events)],
        "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9_000_000, n_events), unit="s"),
    }
    events = pd.DataFrame(log).astype({"time": "datetime64[us]"})
    items = [f"i{item:02}" for item in range(N_ITEMS)]
    facts = pd.DataFrame({"head": items, "relation": "category", "tail": [f"c{place % 3}" for place in range(N_ITEMS)]})
    facts = facts.assign(head_type="item", tail_type="category", literal=False)
    catalogue = pd.DataFrame({"item_id": items, "available": [place != 5 for place in range(N_ITEMS)]})
    graph = kg.build(kg.Tables.of(events=events, items=catalogue, facts=facts))
    fusion = Fusion({"item_knn": ItemKNN(), "popularity": Popularity()}).fit(graph)
    fusion.weights_ = np.array([1.0, 0.05])
    return graph, fusion


def served(seed: int, *sections: dict[str, Any], unseen: tuple[str, ...] = ("purchase",)) -> Service:
    graph, fusion = shop(seed)
    return Service(graph, fusion, K, Teller(graph), Chain.of(sections) if sections else NOTHING, unseen)


def order(service: Service, query: Query) -> list[int]:
    """The whole list of a user without re-ranking, sorted by hand."""
    scores = np.nan_to_num(service.scorer.score(query)[0], nan=-np.inf)
    had = set((query.nodes - query.items.start).tolist()) if service.unseen else set()
    kept = [item for item in range(N_ITEMS) if item not in had and scores[item] > -np.inf]
    return sorted(kept, key=lambda item: (-scores[item], item))


def said(answer: Answer) -> list[str]:
    """Its sentences in both languages; its JSON is JSON, and says the same."""
    for language in FORMS:
        document = answer_json(answer, language=language)
        assert json.loads(json.dumps(document)) == document
        assert tuple(document["text"]) == answer_words(answer, language=language)
        assert all(text and "{" not in text and "None" not in text for text in document["text"])
    return list(answer_words(answer))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), item=st.integers(0, N_ITEMS - 1))
def test_why_not_says_where_it_stands_and_the_sides_add_up(seed: int, item: int) -> None:
    service = served(seed)
    query = service.graph.query().take(np.array([seed % service.graph.n_users]))
    found, whole = why_not(service, query, item), order(service, query)
    had = item in (query.nodes - query.items.start).tolist()
    if had:
        assert found.standing == "had"
    elif item in whole[:K]:
        assert (found.standing, found.stand.placement.rank) == ("in the list", whole.index(item) + 1)
    else:
        assert (found.standing, found.stand.placement.rank) == ("below the list", whole.index(item) + 1)
        assert found.rival is not None
        last = whole[K - 1]
        assert found.rival.item.id == f"i{last:02}"
        scores = service.scorer.score(query)[0]
        assert sum(side.difference for side in found.sides) == pytest.approx(scores[last] - scores[item], abs=1e-5)
    said(found)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_why_above_adds_up(seed: int) -> None:
    service = served(seed)
    query = service.graph.query().take(np.array([0]))
    first, second = order(service, query)[:2]
    found = why_above(service, query, first, second)
    scores = service.scorer.score(query)[0]
    assert (found.first.placement.rank, found.second.placement.rank, found.exact) == (1, 2, True)
    assert sum(side.first for side in found.sides) == pytest.approx(scores[first], abs=1e-5)
    assert sum(side.second for side in found.sides) == pytest.approx(scores[second], abs=1e-5)
    assert said(found)[0] == f"“i{first:02}” stands at place 1."


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), fewer=st.booleans(), guest=st.booleans())
def test_what_would_bring_it_is_the_best_that_trying_finds(seed: int, fewer: bool, guest: bool) -> None:
    service = served(seed)
    graph = service.graph
    query = graph.guest([("item", "i00")]) if guest else graph.query().take(np.array([0]))
    whole = order(service, query)
    item = whole[-1] if len(whole) > K else whole[0]
    with pytest.MonkeyPatch.context() as patch:
        if fewer:
            patch.setattr(answering, "_SCORES", 0)
            patch.setattr(answering, "_FEWEST", 4)
        found = would_bring(service, query, item)
    had = set((query.nodes - query.items.start).tolist())
    others = [other for other in range(N_ITEMS) if other != item and other not in had]

    def place(*bought: int) -> int:
        nodes = np.array([bought]) + query.items.start
        return order(service, with_each(query, nodes, "purchase")).index(item) + 1

    if found.standing != "below the list":
        assert not found.answers
        return
    for answer in found.answers:
        bought = [int(str(stop.id)[1:]) for stop in answer.items]
        assert place(*bought) == answer.rank <= K
    singles = sorted(place(other) for other in others)
    if found.exact:
        assert found.tried == found.possible == len(others)
        assert [answer.rank for answer in found.answers] == [rank for rank in singles if rank <= K][:3]
    elif not fewer:
        assert singles[0] > K  # else one purchase had been the answer
    said(found)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_without_is_the_smallest_set(seed: int) -> None:
    service = served(seed)
    query = service.graph.query().take(np.array([0]))
    item = order(service, query)[K - 1]
    found = without(service, query, item)
    assert found.exact
    nodes = np.unique(query.nodes)
    had = set((query.nodes - query.items.start).tolist())

    def leaves(gone: tuple[int, ...]) -> bool:
        less = query.without(np.flatnonzero(np.isin(query.nodes, gone)))
        scores = np.nan_to_num(service.scorer.score(less)[0], nan=-np.inf)
        kept = [other for other in range(N_ITEMS) if other not in had]
        return sorted(kept, key=lambda other: (-scores[other], other)).index(item) >= K

    sizes = [size for size in (1, 2, 3) if any(map(leaves, combinations(nodes.tolist(), size)))]
    assert len(found.nodes) == (sizes[0] if sizes else 0)
    said(found)


def test_re_ranking_has_its_say() -> None:
    service = served(3, {"step": "stock"}, {"step": "pin", "items": ["i07"], "name": "our week"}, unseen=())
    query = service.graph.query().take(np.array([0]))
    assert why_not(service, query, 5).standing == "taken out"
    assert any("aken out by the stock rule; it stood at place" in text for text in said(why_not(service, query, 5)))
    assert said(would_bring(service, query, 5))[-1] == "No purchase would bring “i05” into it."
    assert why_not(service, query, 7).standing == "in the list"
    whole = order(service, query)
    before = whole.index(7) + 1
    if before > 1:
        text = " ".join(said(why_not(service, query, 7)))
        assert f"By its score alone “i07” would stand at place {before}." in text
        assert "by the “our week” rule" in text
    with pytest.raises(RecsysError, match="--plain"):
        without(service, query, 7)


def test_filters_and_strangers() -> None:
    graph, fusion = shop(1)
    allowed = np.ones(N_ITEMS, dtype=bool)
    allowed[2] = False
    service = Service(graph, fusion, K, Teller(graph), allowed=allowed)
    nobody = graph.guest([])
    assert said(why_not(service, nobody, 2)) == ["“i02” is not among what was asked for."]
    found = why_not(service, nobody, [item for item in order(service, nobody) if item != 2][-1])
    assert found.user is None
    assert found.standing == "below the list"
    with pytest.raises(RecsysError, match="not in the list"):
        without(service, nobody, 2)
