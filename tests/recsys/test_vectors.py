"""Embeddings for other programs: what their products are, and what the picture shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kg
from recsys.demand import Demand
from recsys.scorers.ease import EASE
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.shapes import Similarity
from recsys.vectors import projection, vectors


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    """Two camps of users and items; items have a colour that tells nothing apart, and a brand that does."""
    pairs = [(f"u{u}", f"i{i}") for u in range(12) for i in range(10) if u % 2 == i % 2 and (u + i) % 5]
    log = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(time=pd.Timestamp("2024-01-01"))
    told = [(f"i{i}", "brand", f"b{i % 2}") for i in range(10)] + [(f"i{i}", "colour", "grey") for i in range(10)]
    facts = pd.DataFrame(told, columns=["head", "relation", "tail"])
    facts = facts.assign(head_type="item", tail_type=facts["relation"], literal=False)
    return kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"}), facts=facts))


@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_a_users_embedding_times_an_items_is_the_score(graph: kg.KnowledgeGraph, similarity: Similarity) -> None:
    plain = {"prior": 0.0, "demand": Demand(0, 0), "similarity": similarity}
    scorer = LightGCN(embedding_size=4, n_epochs=2, batch_size=16, **plain).fit(graph)
    nodes = vectors(scorer, graph)
    assert nodes is not None
    assert nodes.shape == (graph.n_nodes, 4)
    users, items = (nodes[graph.nodes[name].range] for name in ("user", "item"))
    if similarity == "cosine":
        items = items / np.linalg.norm(items, axis=1, keepdims=True)
    np.testing.assert_allclose(users @ items.T, scorer.score(graph.query()), atol=1e-5)


def test_a_scorer_without_embeddings_has_none(graph: kg.KnowledgeGraph) -> None:
    assert vectors(EASE().fit(graph), graph) is None


def test_the_picture_sets_camps_apart_and_colours_by_what_tells(graph: kg.KnowledgeGraph) -> None:
    scorer = LightGCN(embedding_size=8, batch_size=64).fit(graph)
    nodes = vectors(scorer, graph)
    assert nodes is not None
    rows = pd.DataFrame(projection(graph, nodes).data.values)
    assert sorted(rows["id"]) == sorted(graph.nodes["item"].ids.ids)
    assert set(rows["trait"]) == {"b0", "b1"}
    x = rows.groupby("trait")["x"]
    assert x.min().max() > x.max().min(), "the first component tells the camps apart"


def test_a_picture_of_nothing_is_empty(graph: kg.KnowledgeGraph) -> None:
    nothing = projection(graph, np.zeros((graph.n_nodes, 3), np.float32))
    assert nothing.data.values == []
