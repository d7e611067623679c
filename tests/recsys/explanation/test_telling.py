"""Contributions in numbers become reasons in names, and lose nothing but other customers' names."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.query import Weighting
from recsys.explanation.answer_contract import answer_json
from recsys.explanation.answers import Stand, WhyAbove, Without, sides
from recsys.explanation.contract import as_json
from recsys.explanation.page import Shown, page, save
from recsys.explanation.steps import check
from recsys.explanation.telling import Teller
from recsys.explanation.told import HIDDEN, Occasion, Reason, Told
from recsys.explanation.words import words
from recsys.fusion import Fusion
from recsys.scorers.ease import EASE
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity
from recsys.scorers.repeat import Repeat
from recsys.types import Contribution, Event, Explanation, Placement
from recsys.types import Path as Walk

FIRST = Placement(1, 1)


def reason(told: Told, scorer: str, kind: str, node: str | None, via: str | None = None) -> Reason:
    """The one reason of this description."""
    (found,) = (
        one
        for one in told.reasons
        if (one.scorer, one.kind) == (scorer, kind)
        and (one.node.id if one.node else None) == node
        and (via is None or via == one.stops[1].type)
    )
    return found


def test_events_on_one_item_are_told_together(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    customers = reason(Teller(graph).tell(walked), "walks", "path", "mug", "user")
    assert customers.value == pytest.approx(3.0)
    assert customers.occasions == (Occasion("purchase", 2, date(2024, 3, 3)), Occasion("view", 1, date(2024, 3, 2)))


def test_the_strongest_comes_first_and_nothing_is_lost(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    told = Teller(graph).tell(walked)
    sizes = [abs(one.value) for one in told.reasons]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(one.value for one in told.reasons) == pytest.approx(walked.score)
    assert sum(told.by_scorer.values()) == pytest.approx(walked.score)
    assert told.share("path") + told.share("link") + told.share("constant") == pytest.approx(1)


def test_other_customers_are_counted_and_few_are_not(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    told = Teller(graph, k_anonymous=5).tell(walked)
    assert reason(told, "walks", "path", "mug", "user").stops[1].count == 6
    assert reason(told, "walks", "path", "spoon", "user").stops[1].count is None
    assert reason(Teller(graph, k_anonymous=2).tell(walked), "walks", "path", "spoon", "user").stops[1].count == 2


def test_no_output_names_another_customer(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    told = Teller(graph).tell(walked)
    outputs = [
        json.dumps(as_json(told, FIRST)),
        page(told).split("</script>", 1)[1],
        *words(told, audience="merchandiser"),
    ]
    for output in outputs:
        assert not any(user in output for user in graph.nodes["user"].ids.ids if user != "ann")
    assert "shopper" not in Shown(told)._repr_html_()


def test_a_customer_named_in_a_path_becomes_a_few(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    mug, teapot, other = graph.node("item", "mug"), graph.node("item", "teapot"), graph.node("user", "shopper-1")
    first = walked.contributions[0]
    part = replace(first, path=Walk((mug, other, teapot), ("rev_purchase", "purchase")))
    (one,) = Teller(graph).tell(replace(walked, contributions=(part,), score=part.value)).reasons
    assert (one.stops[1].id, one.stops[1].label) == (None, "")


def test_a_walk_through_the_user_alone_is_her_own(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    mug, spoon = graph.node("item", "mug"), graph.node("item", "spoon")
    part = replace(walked.contributions[0], path=Walk((mug, -1, spoon), ("rev_purchase", "purchase")))
    (one,) = Teller(graph).tell(replace(walked, item=spoon, contributions=(part,))).reasons
    assert one.stops[1].id == "ann"


def test_context_stands_beside_links_only(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    told = Teller(graph).tell(walked)
    beside = reason(told, "ease", "link", "mug").context
    assert beside is not None
    assert beside.customers is not None
    assert beside.customers.count == 6
    assert [(relation, stop.id) for relation, stop in beside.shared] == [("brand", "azure"), ("category", "crockery")]
    assert all(one.context is None for one in told.reasons if one.kind == "path")


def test_sensitive_facts_are_never_shown(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    for sensitive in ({"brand"}, {"rev_brand", "brand"}):
        told = Teller(graph, sensitive=frozenset(sensitive)).tell(walked)
        assert "azure" not in json.dumps(as_json(told, FIRST), ensure_ascii=False)
        assert sum(one.value for one in told.reasons) == pytest.approx(walked.score)
        assert any(stop.type == HIDDEN for one in told.reasons for stop in one.stops)
        assert "azure" not in page(told).split("</script>", 1)[1]


@pytest.mark.parametrize("sensitive", ["country", "lives_in"])
def test_nothing_tells_of_a_sensitive_attribute_of_the_user(
    graph: kg.KnowledgeGraph, sensitive: str, tmp_path: Path
) -> None:
    query = graph.query(["ann"])
    finland, teapot = graph.node("country", "Finland"), graph.node("item", "teapot")
    position = int(np.flatnonzero(query.nodes == finland)[0])
    event = Event(position, finland, "lives_in", int(query.times[position]))
    parts = (
        Contribution(2.0, "path", "walks", event, Walk((finland, -1, teapot), ("rev_lives_in", "purchase"), 3)),
        Contribution(0.5, "link", "gnn", event),
    )
    teller = Teller(graph, sensitive=frozenset({sensitive}))
    told = teller.tell(Explanation.of(query, 0, teapot - query.items.start, 2.5, parts, additive=True))
    nothing = replace(told, reasons=())
    stand = Stand(told.item, FIRST, 2.5)
    above = WhyAbove(told.user, stand, stand, sides(told, nothing), told.as_of, exact=True)
    without = Without(told.user, stand, 3, told.as_of, tuple(teller.doings(query).values()), 4)
    languages = ("en", "zh")
    outputs = [json.dumps(as_json(told, FIRST, language=language), ensure_ascii=False) for language in languages]
    outputs += [page(told, language=language).split("</script>", 1)[1] for language in languages]
    outputs += [*words(told, audience="merchandiser"), Shown(told)._repr_html_()]
    for answer in (above, without):
        outputs += [json.dumps(answer_json(answer, language=language), ensure_ascii=False) for language in languages]
    save(told, tmp_path / "why.svg")
    outputs.append((tmp_path / "why.svg").read_text("utf-8"))
    for output in outputs:
        assert not any(word in output for word in ("Finland", "lives_in", "lives in", "live in", "country", "国家"))
    assert sum(one.value for one in told.reasons) == 2.5


def test_the_contract(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    document = as_json(
        Teller(graph).tell(fusion.explain(query, 0, graph.node("item", "teapot") - query.items.start)), Placement(2, 2)
    )
    assert list(document) == [
        "user_id", "item_id", "rank", "rank_before", "moves", "score", "path_share", "additive", "cut_ms",
        "contributions", "text",
    ]  # fmt: skip
    assert (document["user_id"], document["item_id"], document["rank"]) == ("ann", "teapot", 2)
    parts = document["contributions"]
    assert sum(part["value"] for part in parts) == pytest.approx(document["score"], rel=1e-6)
    for part in parts:
        nodes, steps = part["path"][::2], part["path"][1::2]
        assert all({"type", "id", "label"} <= set(node) for node in nodes)
        assert all("relation" in step for step in steps)
        assert len(nodes) == len(steps) + 1
    tie = next(part for part in parts if part["scorer"] == "item_knn")
    assert tie["kind"] == "path"
    assert [node["id"] for node in tie["path"][::2]] == ["ann", "mug", None, "teapot"]
    assert json.loads(json.dumps(document)) == document


def test_a_link_ends_where_it_begins(graph: kg.KnowledgeGraph) -> None:
    scorer, query = EASE().fit(graph), graph.query(["ann"])
    told = scorer.explain(query, 0, graph.node("item", "teapot") - query.items.start)
    parts = as_json(Teller(graph).tell(told), Placement(1, 1))["contributions"]
    link = next(part for part in parts if part["kind"] == "link")
    assert [node["id"] for node in link["path"][::2]] == ["ann", "mug"]


def test_a_guest_has_no_node(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.guest([("item", "mug")])
    document = as_json(
        Teller(graph).tell(fusion.explain(query, 0, graph.node("item", "teapot") - query.items.start)), Placement(1, 1)
    )
    assert document["user_id"] is None
    assert document["contributions"][0]["path"][0]["id"] == "mug"


@st.composite
def shops(draw: st.DrawFn) -> tuple[kg.KnowledgeGraph, Fusion, int]:
    n_events = draw(st.integers(2, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    events = pd.DataFrame(
        {
            "user_id": [f"customer {i}" for i in rng.integers(0, 6, n_events)],
            "item_id": [f"thing {i}" for i in rng.integers(0, 5, n_events)],
            "kind": rng.choice(["purchase", "view"], n_events),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9_000_000, n_events), unit="s"),
        }
    ).astype({"time": "datetime64[us]"})
    graph = kg.build(kg.Tables.of(events=events))
    fading = Weighting(half_life=30)
    fusion = Fusion({"popularity": Popularity(), "item_knn": ItemKNN(weighting=fading), "repeat": Repeat()}).fit(graph)
    fusion.weights_ = rng.uniform(0.1, 2, 3)
    return graph, fusion, draw(st.integers(1, 4))


@given(shops())
@settings(max_examples=20, deadline=None)
def test_every_pair_of_every_shop_is_told_whole_valid_and_anonymous(
    shop: tuple[kg.KnowledgeGraph, Fusion, int],
) -> None:
    graph, fusion, k = shop
    query = graph.query()
    scores = fusion.score(query)
    teller = Teller(graph, k_anonymous=k)
    for row, user in enumerate(graph.nodes["user"].ids.ids):
        for item in range(graph.n_items):
            explanation = fusion.explain(query, row, item)
            check(graph, explanation)
            told = teller.tell(explanation)
            assert sum(one.value for one in told.reasons) == pytest.approx(scores[row, item], rel=1e-5, abs=1e-6)
            said = json.dumps(as_json(told, FIRST)) + " ".join(words(told, audience="merchandiser"))
            assert not any(other in said for other in graph.nodes["user"].ids.ids if other != user)
            for one in told.reasons:
                crowd = one.context.customers if one.context else None
                assert crowd is None or crowd.count is None or crowd.count >= k
