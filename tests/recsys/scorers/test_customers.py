"""What ties two items, told as the customers of both, against sums over every single customer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.query import Weighting
from recsys.scorers.customers import kinds_of
from recsys.scorers.interactions import strongest
from recsys.scorers.item_knn import ItemKNN
from recsys.summands import MANY

WEIGHTING = Weighting({"view": 0.3, "cart": 0.6, "purchase": 1.0, "like": 0.0}, half_life=20)
KINDS = list(WEIGHTING.kinds)
DAY = 86_400


def a_log(seed: int, n_users: int = 9, n_items: int = 7) -> kg.KnowledgeGraph:
    rng = np.random.default_rng(seed)
    n = 60
    times = pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 60, n), unit="D")
    log = pd.DataFrame(
        {
            "user_id": [f"u{u}" for u in rng.integers(0, n_users, n)],
            "item_id": [f"i{i}" for i in rng.integers(0, n_items, n)],
            "kind": rng.choice(KINDS, n),
            "time": times,
        }
    )
    return kg.build(kg.Tables.of(events=log))


def slow_strongest(graph: kg.KnowledgeGraph) -> dict[tuple[int, int], tuple[float, str]]:
    """Every pair's strongest event: what it weighs, and its kind; of equals the first kind by name."""
    best: dict[tuple[int, int], tuple[float, str]] = {}
    for relation in sorted(graph.event_relations):
        edges = graph.relations[relation]
        for user, item, time in zip(edges.sources, edges.indices, edges.time, strict=True):
            weight = WEIGHTING.kinds[relation[1]] * 0.5 ** ((graph.now - int(time)) / DAY / 20)
            if weight > best.get((int(user), int(item)), (0.0, ""))[0] * (1 + 1e-6):
                best[int(user), int(item)] = (weight, relation[1])
    return best


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 500))
def test_every_entry_is_the_kind_s_that_gave_it(seed: int) -> None:
    graph = a_log(seed)
    X = strongest(graph, WEIGHTING)
    kinds, codes = kinds_of(graph, WEIGHTING, X)
    users = np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    expected = slow_strongest(graph)
    assert len(expected) == X.nnz
    for user, item, weight, code in zip(users, X.indices, X.data, codes, strict=True):
        assert expected[int(user), int(item)] == (pytest.approx(weight, rel=1e-5), kinds[code])


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 500), st.sampled_from(["cosine", "tfidf"]))
def test_a_tie_is_the_sum_over_the_customers_of_both(seed: int, feature: str) -> None:
    graph = a_log(seed)
    scorer = ItemKNN(k=4, shrinkage=1.0, feature=feature, train_half_life=20, weighting=WEIGHTING).fit(graph)  # type: ignore[arg-type]
    operator = scorer.operator_.toarray()  # type: ignore[union-attr]
    best, first = slow_strongest(graph), graph.nodes["item"].start
    taken = np.bincount([user for user, _ in best], minlength=graph.n_users)
    telling = np.log1p(graph.n_items / np.maximum(taken, 1)) if feature == "tfidf" else np.ones(graph.n_users)
    query = graph.query(graph.nodes["user"].ids.ids.tolist()[:3])
    told = 0
    for row in range(len(query)):
        for item in range(graph.n_items):
            explanation = scorer.explain(query, row, item)
            by_way: dict[tuple[int, str, str], tuple[float, int]] = {}
            for part in explanation.contributions:
                assert part.kind == "path"
                assert part.path is not None
                begun, passed, end = part.path.nodes
                assert passed == MANY
                assert end == first + item
                back, forth = part.path.relations
                value, _ = by_way.get((begun - first, back, forth), (0.0, 0))
                by_way[begun - first, back, forth] = (value + part.value, part.path.count)
            weights = query.alone(row).event_weights(WEIGHTING)
            asked = {
                int(node) - first: weights[query.alone(row).nodes == node].sum() for node in query.alone(row).nodes
            }
            emphasis = scorer.emphasis_[item]
            expected: dict[tuple[int, str, str], tuple[float, int]] = {}
            for other, weight in asked.items():
                both = [u for u in range(graph.n_users) if (u, other) in best and (u, item) in best]
                if not operator[other, item] or not weight:
                    continue
                each = {u: best[u, other][0] * best[u, item][0] * telling[u] ** 2 for u in both}
                for user, worth in each.items():
                    way = (other, f"rev_{best[user, other][1]}", best[user, item][1])
                    value, count = expected.get(way, (0.0, 0))
                    share = worth / sum(each.values())
                    expected[way] = (value + weight * operator[other, item] * share * emphasis, count + 1)
            assert by_way.keys() == expected.keys()
            for way, (value, count) in expected.items():
                assert by_way[way] == (pytest.approx(value, rel=1e-4), count)
                told += 1
    assert told


def test_of_one_kind_nobody_is_counted_and_the_tie_is_whole() -> None:
    rng = np.random.default_rng(1)
    log = pd.DataFrame({"user_id": rng.integers(0, 9, 60).astype(str), "item_id": rng.integers(0, 7, 60).astype(str)})
    graph = kg.build(kg.Tables.of(events=log))
    scorer = ItemKNN(shrinkage=0).fit(graph)
    query = graph.query(["0"])
    told = scorer.explain(query, 0, 3)
    nodes = query.nodes - query.items.start
    expected = query.history(scorer.weighting).toarray()[0] * scorer.operator_.toarray()[:, 3]  # type: ignore[union-attr]
    found = np.zeros(graph.n_items)
    for part in told.contributions:
        assert part.path is not None
        assert part.path.relations == ("rev_purchase", "purchase")
        assert part.path.count == 0
        found[part.path.nodes[0] - query.items.start] += part.value
    assert set(np.flatnonzero(found)) <= set(nodes)
    np.testing.assert_allclose(found, expected * scorer.emphasis_[3], rtol=1e-5)
