"""A user is a weighted set of graph nodes. A scorer is an operator from nodes to items. An explanation is that operator
read out loud.
"""

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Weighting
from recsys.fusion import Fusion
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity

LOG = [
    ("ann", "mug", "2024-03-01"),
    ("ann", "teapot", "2024-03-02"),
    ("ann", "spoon", "2024-03-09"),
    ("bob", "mug", "2024-03-03"),
    ("bob", "teapot", "2024-03-03"),
    ("bob", "tea", "2024-03-05"),
    ("cat", "teapot", "2024-03-04"),
    ("cat", "tea", "2024-03-06"),
    ("cat", "spoon", "2024-03-07"),
    ("dan", "lamp", "2024-03-08"),
    ("dan", "mug", "2024-03-08"),
    ("dan", "tea", "2024-03-09"),
]


@pytest.fixture
def graph() -> kg.KnowledgeGraph:
    events = pd.DataFrame(LOG, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    return kg.build(kg.Tables.of(events=events))


@pytest.fixture
def fusion(graph: kg.KnowledgeGraph) -> Fusion:
    fading = Weighting(half_life=7)
    parts = {"popularity": Popularity(weighting=fading), "item_knn": ItemKNN(k=5, shrinkage=0, weighting=fading)}
    fusion = Fusion(parts).fit(graph)
    fusion.weights_ = np.array([0.2, 1.0])
    return fusion


def test_a_user_is_a_weighted_set_of_nodes(graph: kg.KnowledgeGraph) -> None:
    history = graph.query(["ann"]).history(Weighting(half_life=7)).toarray()[0]
    weight = dict(zip(graph.nodes["item"].ids.ids, history, strict=True))
    assert weight["spoon"] == pytest.approx(1, abs=1e-4)  # bought just now
    assert weight["teapot"] == pytest.approx(1 / 2, abs=1e-4)  # a week earlier: half
    assert weight["tea"] == 0


def test_the_contributions_are_the_score(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    tea = graph.nodes["item"].ids.to_index(["tea"])[0]
    told = fusion.explain(query, 0, tea)
    assert told.score == pytest.approx(fusion.score(query)[0, tea], rel=1e-6)
    assert told.complete
    assert {part.scorer for part in told.contributions} == {"popularity", "item_knn"}
    assert {graph.id(part.event.node) for part in told.contributions if part.event} == {"mug", "teapot", "spoon"}


def test_deleting_an_event_lowers_the_score_by_its_share(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    tea = graph.nodes["item"].ids.to_index(["tea"])[0]
    told = fusion.explain(query, 0, tea)
    assert told.additive
    for part in told.contributions:
        if part.event:
            without = fusion.score(query.without(np.array([part.event.position])))[0, tea]
            assert told.score - without == pytest.approx(part.value, rel=1e-5)


def test_a_guest_is_a_query_like_any_other(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    guest = fusion.score(graph.guest([("item", "mug"), ("item", "teapot")]))[0]
    best = graph.nodes["item"].ids.to_ids(np.argsort(-guest)[:3])
    assert "tea" in best
