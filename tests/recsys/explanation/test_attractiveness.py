"""Recency, popularity and diversity of paths, against figures by hand."""

import numpy as np
import pytest

import kg
from recsys.explanation.attractiveness import Attractiveness, averaged, strongest_path
from recsys.explanation.telling import Teller
from recsys.fusion import Fusion
from recsys.reranking import reranker
from recsys.reranking.slate import Setting, Slate
from recsys.types import MANY, Explanation, Path


def test_values_are_averaged_as_they_come_and_stretched() -> None:
    assert averaged(np.array([0.0, 10.0, 10.0])).tolist() == pytest.approx([0, 3 / 5.1, 1])
    assert not len(averaged(np.array([4.0, 4.0])))
    assert not len(averaged(np.empty(0)))


def test_a_list_is_as_attractive_as_its_paths(graph: kg.KnowledgeGraph) -> None:
    known = Attractiveness(graph)
    query = graph.query(["ann"])
    mug, spoon, lamp, teapot = (graph.node("item", name) for name in ("mug", "spoon", "lamp", "teapot"))
    azure, crockery = graph.node("brand", "azure"), graph.node("category", "crockery")
    recent = known.recency(query)  # the spoon in December, the mug in March, the lamp later still
    assert recent[spoon] == 0
    assert recent[lamp] == 1
    assert 0 < recent[mug] < 1
    assert known.popularity[azure] == 1  # of two brands the one on more items
    assert known.popularity[graph.node("brand", "argent")] == 0
    paths = [
        Path((mug, azure, teapot), ("brand", "rev_brand")),
        Path((spoon, MANY, teapot), ("rev_purchase", "purchase")),
        Path((mug, crockery, teapot), ("category", "rev_category")),
        Path((lamp,)),
    ]
    assert known.of_list(query, paths) == {
        "recency": [recent[mug], 0, recent[mug], 1],
        "popularity": [1, known.popularity[crockery]],
        "diversity": [1],
    }
    assert known.of_list(query, [paths[0], paths[0]])["diversity"] == [0.5]


def test_the_strongest_path_is_that_of_all_scorers_together(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    mug, teapot = graph.node("item", "mug"), graph.node("item", "teapot")
    assert strongest_path(walked) == Path((mug, MANY, teapot), ("rev_purchase", "purchase"))


def test_attractive_brings_up_what_is_told_attractively(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query()
    scores = fusion.score(query)
    where = Setting(graph, query, fusion, scores, 2, Teller(graph))
    before = Slate.of(scores, graph.n_items)
    after = reranker({"step": "attractive", "weight": 0.6}).rerank(before, where)
    known = Attractiveness(graph)
    for row, (old, new) in enumerate(zip(before.items, after.items, strict=True)):
        assert sorted(old) == sorted(new)
        recent = known.recency(query.take(np.array([row])))
        amounts = []
        for item in old[:4].tolist():
            path = strongest_path(fusion.explain(query, row, item))
            amounts.append(recent.get(path.nodes[0], 0.0) if path else 0.0)  # none passes a named node
        values = before.values[row, :4] + 0.2 * np.array(amounts)
        assert after.items[row, :4].tolist() == old[:4][np.argsort(-values, kind="stable")].tolist()
