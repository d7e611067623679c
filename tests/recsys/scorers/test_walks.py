"""Walks against networkx: every path enumerated one by one over a graph small enough to do so."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import partial
from typing import Any

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import DAY, TIMELESS, Weighting
from recsys.demand import Demand
from recsys.explanation.steps import broken
from recsys.holdout import popularity
from recsys.operators import Factors, apply
from recsys.scorers import walking, ways
from recsys.scorers.metapaths import Metapath
from recsys.scorers.walks import Walks
from recsys.types import MANY, Holdout
from tests.recsys.scorers.shops import shop

HALF_LIFE = 30.0


def walks(graph: kg.KnowledgeGraph, **parameters: Any) -> Walks:
    """A scorer whose metapaths all weigh something else."""
    weights = {path: 1 + place / 3 for place, path in enumerate(Walks().fit(graph).metapaths_)}
    return Walks(metapath_weights=weights, train_half_life=HALF_LIFE, **parameters).fit(graph)


def enumerated(graph: kg.KnowledgeGraph, scorer: Walks) -> dict[tuple[int, int], dict[tuple[object, ...], list[float]]]:
    """By start and item, by way (users as MANY): the probability of every single walk, damped, weighed, in demand."""
    steps = networks(graph)
    demand = scorer.demand.of_items(graph, {})
    popularity: Counter[int] = Counter()
    for _, item, edge in steps["purchase"].edges(data=True):
        popularity[item] += edge["weight"]
    mean = np.mean(list(popularity.values()))
    found: dict[tuple[int, int], dict[tuple[object, ...], list[float]]] = defaultdict(lambda: defaultdict(list))
    for text, weight in (scorer.metapath_weights or {}).items():
        path = Metapath.parse(text)
        walks: list[tuple[tuple[int, ...], float]] = [((node,), weight) for node in graph.nodes[path.types[0]].range]
        for name in path.relations:
            walks = [
                ((*nodes, target), value * edge["weight"] / steps[name].out_degree(nodes[-1], weight="weight"))
                for nodes, value in walks
                if nodes[-1] in steps[name]
                for _, target, edge in steps[name].out_edges(nodes[-1], data=True)
            ]
        for nodes, value in walks:
            damped = value * demand[nodes[-1] - graph.nodes["item"].start]
            if path.relations[-1] == "purchase":
                damped *= (popularity[nodes[-1]] / mean) ** -scorer.beta
            users = graph.nodes["user"].range
            way = (path.relations, tuple(MANY if node in users else node for node in nodes))
            found[nodes[0], nodes[-1]][way].append(damped)
    return found


def networks(graph: kg.KnowledgeGraph) -> dict[str, nx.DiGraph]:
    """A weighted digraph per relation and direction: of events the latest of each pair, fading."""
    steps: dict[str, nx.DiGraph] = defaultdict(nx.DiGraph)
    for (source, name, target), edges in graph.relations.items():
        for head, tail, time in zip(edges.sources, edges.indices, edges.time, strict=True):
            a, b = graph.nodes[source].start + int(head), graph.nodes[target].start + int(tail)
            weight = 1.0 if time == TIMELESS else 2.0 ** (-(graph.now - int(time)) / (HALF_LIFE * DAY))
            for way, (x, y) in {name: (a, b), f"rev_{name}": (b, a)}.items():
                known = steps[way].get_edge_data(x, y, {"weight": 0.0})["weight"]
                steps[way].add_edge(x, y, weight=max(known, weight))
    return steps


@pytest.mark.parametrize("seed", range(3))
def test_the_score_is_the_sum_of_all_walks(seed: int) -> None:
    graph = shop(seed)
    scorer = walks(graph, beta=0.5, demand=Demand(0.8, 0.4))
    found = enumerated(graph, scorer)
    query = graph.query()
    weights = query.weights(Weighting()).toarray()
    expected = np.zeros((len(query), graph.n_items))
    for (start, item), by_way in found.items():
        expected[:, item - query.items.start] += weights[:, start] * sum(sum(values) for values in by_way.values())
    np.testing.assert_allclose(np.nan_to_num(scorer.score(query)), expected, rtol=1e-4, atol=1e-6)


def test_the_explanation_names_every_walk_and_counts_the_customers() -> None:
    graph = shop(7)
    scorer = walks(graph)
    found = enumerated(graph, scorer)
    query = graph.query()
    scores = scorer.score(query)
    for row, item in [(0, 0), (3, 4), (5, 9)]:
        told = scorer.explain(query, row, item)
        assert told.score == pytest.approx(scores[row, item], rel=1e-5)
        assert not broken(graph, told)
        weights = query.event_weights(Weighting())
        for part in told.contributions:
            assert part.event is not None
            assert part.path is not None
            values = found[part.event.node, query.items.start + item][part.path.relations, part.path.nodes]
            assert part.path.count == len(values)
            assert part.value == pytest.approx(weights[part.event.position] * sum(values), rel=1e-4)


def test_too_many_ways_are_added_up_by_their_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = shop(7)
    scorer = walks(graph)
    query = graph.query()
    one_by_one = scorer.explain(query, 3, 4)
    monkeypatch.setattr(walking, "joined", partial(ways.joined, most=0))
    together = scorer.explain(query, 3, 4)
    assert not broken(graph, together)
    expected: dict[object, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for told, sums in ((one_by_one, expected), (together, found := defaultdict(lambda: [0.0, 0.0]))):
        for part in told.contributions:
            assert part.path is not None
            sums[part.event, part.path.relations][0] += part.value
            sums[part.event, part.path.relations][1] += part.path.count
    assert found.keys() == expected.keys()
    assert all(found[key] == pytest.approx(expected[key]) for key in expected)
    longer = [
        [part.path.nodes[1:-1] for part in told.contributions if part.path and "broader" in part.path.relations]
        for told in (one_by_one, together)
    ]
    assert longer[1]
    assert all(node == MANY for between in longer[1] for node in between)
    assert all(node != MANY for between in longer[0] for node in between)


def test_the_schema_gives_every_metapath_once() -> None:
    scorer = Walks().fit(shop(0))
    assert sorted(scorer.metapaths_) == sorted(
        [
            "item -rev_purchase-> user -purchase-> item",
            "item -rev_view-> user -purchase-> item",
            "country -rev_lives_in-> user -purchase-> item",
            "brand -rev_likes-> user -purchase-> item",
            "item -brand-> brand -rev_brand-> item",
            "item -category-> category -rev_category-> item",
            "item -category-> category -broader-> category -rev_broader-> category -rev_category-> item",
            "item -goes_with-> item",
            "item -rev_goes_with-> item",
            "brand -rev_brand-> item",
        ]
    )
    assert all(str(Metapath.parse(text)) == text for text in scorer.metapaths_)


def test_given_weights_leave_the_other_metapaths_out() -> None:
    weights = {"item -brand-> brand -rev_brand-> item": 2.0}
    graph = shop(0)
    assert Walks(metapath_weights=weights).fit(graph).metapaths_ == tuple(weights)
    alone = Walks(metapath_weights=dict.fromkeys(weights, 1.0)).fit(graph).score(graph.query())
    np.testing.assert_allclose(Walks(metapath_weights=weights).fit(graph).score(graph.query()), 2 * alone, rtol=1e-6)


def test_without_validation_every_metapath_is_as_loud_as_the_others() -> None:
    graph = shop(0)
    whole = Walks().fit(graph)
    assert not whole.taught_
    loudness = []
    for place in range(len(whole.metapaths_)):
        columns = slice(*whole.middles_[place : place + 2])
        assert isinstance(whole.operator_, Factors)
        one = Factors(whole.operator_.left[:, columns], whole.operator_.right[:, columns])
        scores = apply(graph.query().weights(Weighting()), one) * whole.emphasis_
        loudness.append(scores.std(axis=1).mean())
    np.testing.assert_allclose(loudness, loudness[0], rtol=1e-3)


def test_validation_teaches_weights_to_fit_again_with() -> None:
    graph = shop(0)
    query = graph.query()
    asked = query.seen(("purchase",))
    bought = csr_array(np.roll(asked.toarray(), 3, axis=1))  # what goes_with tells, and nothing else
    scorer = Walks().fit(graph, Holdout(query, bought, ("purchase",), popularity(graph)))
    weights = scorer.taught_["metapath_weights"]
    assert min(weights.values()) >= 0
    assert max(weights, key=lambda path: weights[path]) == "item -goes_with-> item"
    again = Walks(**scorer.taught_).fit(graph)
    np.testing.assert_array_equal(again.score(query), scorer.score(query))
