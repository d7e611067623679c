"""Alternatives replace an item, complements go with it."""

import numpy as np
import pandas as pd
import pytest

import kg
from kg.errors import KgError
from recsys.scorers.item_knn import ItemKNN
from recsys.similar import Similar


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    """Everybody buys a torch of one of two makers, sooner or later of the other, and mostly a battery with a torch."""
    rows = []
    for user in range(40):
        first, second = ("torch-a", "torch-b") if user % 2 else ("torch-b", "torch-a")
        rows += [
            (user, first, f"2024-01-{1 + user % 28:02d} 10:00"),
            (user, second, f"2024-03-{1 + user % 28:02d} 10:00"),
        ]
        if user % 4:
            rows.append((user, "battery", f"2024-01-{1 + user % 28:02d} 10:30"))
        rows += [(user, f"soap-{user % 3}", f"2024-02-{1 + user % 28:02d} 09:00")]
    events = pd.DataFrame(rows, columns=["user_id", "item_id", "time"]).astype(
        {"time": "datetime64[us]", "user_id": "str"}
    )
    facts = pd.DataFrame(
        [("torch-a", "torches"), ("torch-b", "torches"), ("battery", "power"), ("soap-0", "bath"), ("soap-1", "bath")],
        columns=["head", "tail"],
    ).assign(relation="category", head_type="item", tail_type="category", literal=False)
    return kg.build(kg.Tables.of(events=events, facts=facts))


def test_torches_replace_each_other_and_want_batteries(graph: kg.KnowledgeGraph) -> None:
    frame = Similar(graph).frame("torch-a", n=3)
    assert list(frame.columns) == ["item_id", "rank", "title", "score", "kind"]
    assert frame[frame["kind"] == "alternative"]["item_id"].tolist() == ["torch-b"]
    assert frame[frame["kind"] == "complement"]["item_id"].tolist() == ["battery"]
    assert "torch-a" not in frame["item_id"].tolist()


def test_a_learned_operator_may_say_who_is_close(graph: kg.KnowledgeGraph) -> None:
    frame = Similar(graph, ItemKNN().fit(graph)).frame("torch-a")
    assert frame["item_id"].tolist() == ["torch-b", "battery"]


def test_lifts_are_those_of_the_definition(graph: kg.KnowledgeGraph) -> None:
    items = graph.nodes["item"].ids
    torch, battery = items.to_index(["torch-a", "battery"])
    n_baskets, with_torch, with_battery, both = 40 * 3, 40, 30, 20
    lift = both * n_baskets / (with_torch * with_battery)
    assert Similar(graph).lifts(torch)[battery] == pytest.approx(lift * np.exp(-2.58 / np.sqrt(both)))


def test_without_attributes_people_decide(graph: kg.KnowledgeGraph) -> None:
    items = graph.nodes["item"].ids
    soap = items.to_index(["soap-2"])[0]
    closeness = Similar(graph).closeness(soap)
    assert closeness[soap] == 0
    assert closeness.max() > 0


def test_without_times_all_a_user_bought_is_one_basket() -> None:
    events = pd.DataFrame(
        [(f"u{u}", f"i{i}") for u in range(9) for i in range(u % 3 + 1)], columns=["user_id", "item_id"]
    )
    similar = Similar(kg.build(kg.Tables.of(events=events)))
    assert similar._baskets.shape[0] == 9
    assert similar.frame("i0").empty or "i0" not in set(similar.frame("i0")["item_id"])


def test_an_unknown_item_is_named(graph: kg.KnowledgeGraph) -> None:
    with pytest.raises(KgError, match="candle"):
        Similar(graph).frame("candle")


def test_rules_of_the_graph_say_what_goes_with_an_item_and_what_replaces_it() -> None:
    rules = [
        ("torch-a", "bought_together", "soap-0", 0.2), ("torch-a", "then_bought", "soap-0", 0.4),
        ("torch-a", "then_bought", "torch-b", 0.3), ("torch-a", "substitute", "battery", 0.9),
        ("torch-b", "bought_together", "battery", 0.5),
    ]  # fmt: skip
    frame = pd.DataFrame(rules, columns=["head", "relation", "tail", "confidence"])
    facts = frame.assign(head_type="item", tail_type="item", literal=False)
    events = pd.DataFrame({"user_id": ["u"] * 4, "item_id": ["torch-a", "torch-b", "battery", "soap-0"]})
    found = Similar(kg.build(kg.Tables.of(events=events, facts=facts))).frame("torch-a")
    told = {
        kind: list(zip(part["item_id"], part["score"].round(6), strict=True)) for kind, part in found.groupby("kind")
    }
    assert told == {"complement": [("soap-0", 0.4), ("torch-b", 0.3)], "alternative": [("battery", 1.0)]}
