"""User-kNN and session-kNN against the same in loops over single events."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest

import kg
from kg.query import DAY, EVENT_KINDS
from recsys.explanation.steps import broken
from recsys.scorers.session_knn import SessionKNN
from recsys.scorers.user_knn import UserKNN
from recsys.scorers.visits import visits
from tests.recsys.scorers.shops import shop

Vector = dict[int, float]
HOUR = 3600


def events(graph: kg.KnowledgeGraph) -> list[tuple[int, int, str, int]]:
    """User, item, kind and time of every event."""
    return [
        (int(user), int(item), name, int(time))
        for (_, name, target), edges in graph.relations.items()
        if name in ("view", "purchase") and target == "item"
        for user, item, time in zip(edges.sources, edges.indices, edges.time, strict=True)
    ]


def summed(asked: Vector, others: dict[Any, tuple[float, Vector]], telling: Vector, k: int, n_items: int) -> np.ndarray:
    """Σ over the k most alike of (favour, had): favour · cosine · had."""

    def size(vector: Vector) -> float:
        return sum((value * telling[item]) ** 2 for item, value in vector.items()) ** 0.5

    alike = []
    for favour, had in others.values():
        product = sum(value * had.get(item, 0) * telling[item] ** 2 for item, value in asked.items())
        if product * favour > 0:
            alike.append((favour * product / (size(asked) * size(had)), had))
    scores = np.zeros(n_items)
    for similarity, had in sorted(alike, key=lambda pair: -pair[0])[:k]:
        for item, value in had.items():
            scores[item] += similarity * value
    return scores


@pytest.mark.parametrize("seed", range(3))
def test_what_the_most_similar_customers_bought(seed: int) -> None:
    graph = shop(seed)
    scorer = UserKNN(k=3, damping=0.5, train_half_life=30).fit(graph)
    had: dict[int, Vector] = defaultdict(dict)
    asked: dict[int, Vector] = defaultdict(lambda: defaultdict(float))
    for user, item, kind, time in events(graph):
        asked[user][item] += EVENT_KINDS[kind]
        if kind == "purchase":
            fresh = 2 ** (-(graph.now - time) / (30 * DAY))
            had[user][item] = max(had[user].get(item, 0), fresh)
    customers = [sum(item in own for own in had.values()) for item in range(graph.n_items)]
    telling = {item: count**-0.5 if count else 0.0 for item, count in enumerate(customers)}
    scores = np.nan_to_num(scorer.score(graph.query()))
    demand = scorer.demand.of_items(graph, {})
    for user in range(graph.n_users):
        others = {other: (1.0, own) for other, own in had.items() if other != user}
        expected = summed(asked[user], others, telling, 3, graph.n_items) * demand
        np.testing.assert_allclose(scores[user], expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_what_came_into_visits_like_the_last_one(seed: int) -> None:
    graph = shop(seed)
    scorer = SessionKNN(k=4, gap=48, fading=2, age_half_life=20).fit(graph)
    seen: dict[int, list[tuple[int, int, str]]] = defaultdict(list)
    for user, item, kind, time in events(graph):
        seen[user].append((time, item, kind))
    others: dict[tuple[int, int], tuple[int, Vector]] = {}  # by user and begin: end, had
    for user, own in seen.items():
        for visit in cut([event for event in sorted(own) if event[2] == "purchase"], 48):
            others[user, visit[0][0]] = visit[-1][0], {item: 1.0 for _, item, _ in visit}
    n = len(others)
    counts = [sum(item in own for _, own in others.values()) for item in range(graph.n_items)]
    telling = {item: np.log1p(n / max(count, 1)) for item, count in enumerate(counts)}
    scores = np.nan_to_num(scorer.score(graph.query()))
    demand = scorer.demand.of_items(graph, {})
    for user in range(graph.n_users):
        last = cut(sorted(seen[user]), 48)[-1]
        moments = sorted({time for time, _, _ in last})
        asked: Vector = defaultdict(float)
        for time, item, kind in last:
            asked[item] += EVENT_KINDS[kind] * 2 ** (-(len(moments) - 1 - moments.index(time)) / 2)
        favoured = {
            key: (0.0 if key[0] == user and end >= last[0][0] else 2 ** (-(graph.now - end) / DAY / 20), own)
            for key, (end, own) in others.items()
        }
        expected = summed(asked, favoured, telling, 4, graph.n_items) * demand
        np.testing.assert_allclose(scores[user], expected, rtol=1e-4, atol=1e-7)


def cut(events: list[Any], hours: float) -> list[list[Any]]:
    """Events in order of time, cut where more than so many hours pass."""
    found: list[list[Any]] = []
    for event in events:
        if found and event[0] - found[-1][-1][0] <= hours * HOUR:
            found[-1].append(event)
        else:
            found.append([event])
    return found


@pytest.mark.parametrize("scorer", [UserKNN(k=3), SessionKNN(k=4, gap=240)])
def test_the_paths_pass_those_who_had_both(scorer: UserKNN | SessionKNN) -> None:
    graph = shop(1)
    scorer.fit(graph)
    query = graph.query()
    scores = scorer.score(query)
    told = 0
    for row in range(graph.n_users):
        for item in np.flatnonzero(scores[row] > 0).tolist():
            explanation = scorer.explain(query, row, item)
            assert explanation.score == pytest.approx(scores[row, item], rel=1e-5)
            assert not broken(graph, explanation)
            assert all(part.path and part.path.count >= 1 for part in explanation.contributions)
            told += 1
    assert told > graph.n_users


def test_a_visit_ends_with_a_gap() -> None:
    owners = np.array([1, 0, 1, 1, 0])
    times = np.array([HOUR, 5, 3 * HOUR, 0, 5])
    assert visits(owners, times, 1.0).tolist() == [1, 0, 2, 1, 0]
    assert not len(visits(owners[:0], times[:0], 1.0))
