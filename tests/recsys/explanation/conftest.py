"""A small tea shop of which everything is known: who bought what, and what is by whom."""

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Weighting
from recsys.fusion import Fusion
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity
from recsys.scorers.repeat import Repeat
from recsys.types import Contribution, Event, Explanation, Path

TITLES = {"mug": "Blue mug", "teapot": "Blue teapot", "tea": "Green tea", "spoon": "Silver spoon", "lamp": "Desk lamp"}
FACTS = [
    ("mug", "brand", "azure"),
    ("teapot", "brand", "azure"),
    ("spoon", "brand", "argent"),
    ("mug", "category", "crockery"),
    ("teapot", "category", "crockery"),
    ("tea", "category", "food"),
]
ANN = [
    ("ann", "mug", "purchase", "2024-02-01"),
    ("ann", "mug", "purchase", "2024-03-03"),
    ("ann", "mug", "view", "2024-03-02"),
    ("ann", "spoon", "purchase", "2023-12-24"),
]
OTHERS = (
    [(f"shopper-{i}", item, "purchase", "2024-03-20") for i in range(6) for item in ("mug", "teapot")]
    + [(f"shopper-{i}", "tea", "purchase", "2024-03-21") for i in range(9)]
    + [(f"collector-{i}", item, "purchase", "2024-03-22") for i in range(2) for item in ("spoon", "teapot")]
    + [("ann", "lamp", "view", "2024-03-30"), ("zoe", "lamp", "purchase", "2023-12-20")]
)


@pytest.fixture(scope="session")
def graph() -> kg.KnowledgeGraph:
    columns = ["user_id", "item_id", "kind", "time"]
    events = pd.DataFrame(ANN + OTHERS, columns=columns).astype({"time": "datetime64[us]"})
    facts = pd.DataFrame(FACTS, columns=["head", "relation", "tail"])
    facts = facts.assign(head_type="item", tail_type=facts["relation"])
    facts.loc[len(facts)] = ["ann", "lives_in", "Finland", "user", "country"]
    facts = facts.assign(literal=False, provenance="catalogue")
    items = pd.DataFrame({"item_id": TITLES.keys(), "title": TITLES.values()})
    return kg.build(kg.Tables.of(events=events, items=items, facts=facts))


@pytest.fixture(scope="session")
def fusion(graph: kg.KnowledgeGraph) -> Fusion:
    fading = Weighting(half_life=60)
    parts = {"popularity": Popularity(), "item_knn": ItemKNN(shrinkage=0, weighting=fading), "repeat": Repeat()}
    fusion = Fusion(parts).fit(graph)
    fusion.weights_ = np.array([0.01, 1.0, 0.3])
    return fusion


@pytest.fixture(scope="session")
def walked(graph: kg.KnowledgeGraph) -> Explanation:
    """Why the teapot for Ann, in every kind of contribution there is; the scorers are made up, the edges are not."""
    mug, spoon, teapot = (graph.node("item", name) for name in ("mug", "spoon", "teapot"))
    azure, crockery = graph.node("brand", "azure"), graph.node("category", "crockery")
    query = graph.query(["ann"])
    events = [
        Event(place, int(query.nodes[place]), query.kind_names[query.kinds[place]], int(query.times[place]))
        for place in range(len(query.nodes))
    ]
    on_mug = [event for event in events if event.node == mug]
    on_spoon = next(event for event in events if event.node == spoon)
    customers, by_brand = ("rev_purchase", "purchase"), ("brand", "rev_brand")
    parts = (
        *(Contribution(1.0, "path", "walks", event, Path((mug, -1, teapot), customers, 6)) for event in on_mug),
        *(Contribution(0.5, "path", "walks", event, Path((mug, azure, teapot), by_brand)) for event in on_mug),
        Contribution(0.4, "path", "walks", on_mug[0], Path((mug, crockery, teapot), ("category", "rev_category"))),
        Contribution(0.9, "path", "walks", on_spoon, Path((spoon, -1, teapot), customers, 2)),
        Contribution(-2.5, "link", "ease", on_spoon),
        Contribution(0.3, "link", "ease", on_mug[0]),
        Contribution(0.7, "link", "gnn"),
        Contribution(0.6, "constant", "popularity", path=Path((teapot,))),
        Contribution(0.2, "constant", "unheard_of", path=Path((teapot,))),
    )
    score = sum(part.value for part in parts)
    return Explanation.of(query, 0, teapot - query.items.start, score, parts, additive=True)
