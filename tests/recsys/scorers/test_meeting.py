"""The walks that a linear graph network is read out as, against dense powers and against walks taken one by one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

import kg
from recsys.explanation.steps import broken, reverse
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.meeting import MOST_STEPS
from recsys.scorers.shapes import Similarity
from recsys.types import MANY, Explanation


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    rng = np.random.default_rng(4)
    pairs = [(f"u{u}", f"i{i}") for u in range(5) for i in rng.choice(7, 4, replace=False)]
    log = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(time=pd.Timestamp("2024-01-01"))
    told = [(f"i{i}", "item", "brand", f"b{i % 2}", "brand") for i in range(7)]
    told += [(f"i{i}", "item", "goes_with", f"i{i + 1}", "item") for i in range(3)]
    told += [(f"u{u}", "user", "lives_in", f"town{u % 2}", "town") for u in range(5)]
    facts = pd.DataFrame(told, columns=["head", "head_type", "relation", "tail", "tail_type"]).assign(literal=False)
    return kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"}), facts=facts))


def fitted(graph: kg.KnowledgeGraph, n_layers: int, similarity: Similarity = "cosine") -> LightGCN:
    small = {"embedding_size": 6, "n_epochs": 3, "n_steps": 3, "batch_size": 16}
    return LightGCN(n_layers=n_layers, similarity=similarity, **small).fit(graph)


@pytest.mark.parametrize("n_layers", [0, 1, 2, 3])
def test_walks_are_those_that_meet(graph: kg.KnowledgeGraph, n_layers: int) -> None:
    """What all walks add up to is Σ over a + b ≤ 2 of Σ_m P_a[n, m] P_b[i, m] ‖e⁰_m‖², P_a the product of a layers."""
    scorer = fitted(graph, n_layers)
    nodes = np.arange(graph.n_users, graph.n_nodes)
    meetings = scorer._meetings(nodes)
    powers = [np.eye(graph.n_nodes)]
    for layer in range(min(n_layers, MOST_STEPS)):
        one = np.zeros((graph.n_nodes, graph.n_nodes))
        for step in meetings.steps:
            rows, columns = graph.nodes[step.source].range, graph.nodes[step.target].range
            one[rows.start : rows.stop, columns.start : columns.stop] += step.weights[layer] * step.matrix.toarray()
        powers.append(one @ powers[-1])
    pairs = [(a, b) for a in range(len(powers)) for b in range(len(powers)) if a + b <= MOST_STEPS]
    expected = sum((powers[a] * meetings.squares) @ powers[b].T for a, b in pairs) / (n_layers + 1) ** 2
    for item in range(graph.n_items):
        found = np.zeros(len(nodes))
        for walk in meetings.walks(item):
            np.add.at(found, walk.rows, walk.worth)
        np.testing.assert_allclose(found, expected[nodes, graph.nodes["item"].start + item], rtol=1e-5, atol=1e-12)


def test_every_walk_is_counted_under_its_relations(graph: kg.KnowledgeGraph) -> None:
    walks: dict[tuple[int, tuple[str, ...], tuple[int, ...]], int] = defaultdict(int)
    neighbours = defaultdict(list)
    for (source, name, target), edges in graph.relations.items():
        pairs = {(s, t) for s, t in zip(edges.sources.tolist(), edges.indices.tolist(), strict=True)}
        for head, tail in pairs:
            a, b = graph.nodes[source].start + head, graph.nodes[target].start + tail
            neighbours[a].append((name, b))
            neighbours[b].append((reverse(name), a))
    item = graph.nodes["item"].start + 2

    def walk(nodes: tuple[int, ...], names: tuple[str, ...]) -> None:
        if nodes[-1] == item:
            told = len(names) == 2 and graph.type_of(nodes[1]).name not in ("user", "item")
            between = nodes[1:-1] if told else (MANY,) * len(nodes[1:-1])
            walks[nodes[0], names, between] += 1
        if len(names) < MOST_STEPS:
            for name, node in neighbours[nodes[-1]]:
                walk((*nodes, node), (*names, name))

    starts = np.arange(graph.n_users, graph.n_nodes)
    for node in starts.tolist():
        walk((node,), ())
    found = {
        (nodes[0], walk.relations, tuple(nodes[1:-1])): count
        for walk in fitted(graph, 2)._meetings(starts).walks(2)
        for nodes, count in zip(walk.nodes.tolist(), walk.counts.tolist(), strict=True)
    }
    assert found == dict(walks)


@pytest.mark.parametrize(("n_layers", "similarity"), [(0, "cosine"), (2, "cosine"), (2, "dot"), (3, "cosine")])
def test_paths_and_links_are_the_score(graph: kg.KnowledgeGraph, n_layers: int, similarity: Similarity) -> None:
    scorer = fitted(graph, n_layers, similarity)
    query = graph.query()
    scores = scorer.score(query)
    shares = []
    for row, item in product(range(graph.n_users), range(graph.n_items)):
        told: Explanation = scorer.explain(query, row, item)
        assert told.complete
        assert told.score == pytest.approx(scores[row, item], abs=1e-5)
        assert not broken(graph, told)
        shares.append(told.path_share)
    assert np.mean(shares) > (0.2 if n_layers else 0.02)


def test_only_pairs_of_the_weightiest_kind_are_walked() -> None:
    log = pd.DataFrame(
        [("a", "x", "purchase"), ("a", "y", "view"), ("b", "x", "purchase"), ("b", "z", "purchase")],
        columns=["user_id", "item_id", "kind"],
    ).assign(time=pd.Timestamp("2024-01-01"))
    graph = kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"})))
    scorer = replace(LightGCN(embedding_size=4, n_epochs=1, n_steps=1, batch_size=4)).fit(graph)
    steps = {s.name: s.matrix for s in scorer._meetings(np.arange(3)).steps}
    assert set(steps) == {"purchase", "rev_purchase"}
    assert steps["purchase"].nnz == 3
