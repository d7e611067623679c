"""Queries against slow twins that walk over every edge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import KgError
from kg.graph import KnowledgeGraph
from kg.query import TIMELESS, Query, Weighting
from tests.kg.graphs import graphs

Event = tuple[int, str, int, float]


def events(query: Query) -> list[list[Event]]:
    """The events of every row: node, kind, time, quantity."""
    kinds = [query.kind_names[code] for code in query.kinds]
    columns = (query.nodes.tolist(), kinds, query.times.tolist(), query.quantities.tolist())
    every = list(zip(*columns, strict=True))
    return [sorted(every[query.events_of(row)]) for row in range(len(query))]


def slow(graph: KnowledgeGraph, users: list[int], moments: list[int]) -> list[list[Event]]:
    found: list[list[Event]] = []
    for user, moment in zip(users, moments, strict=True):
        row: list[Event] = []
        for (source, name, target), edges in graph.relations.items():
            if source != "user":
                continue
            columns = (edges.sources, edges.indices, edges.time, edges.weight)
            for head, tail, time, weight in zip(*(column.tolist() for column in columns), strict=True):
                if head == user and (time == TIMELESS or time < moment):
                    row.append((graph.nodes[target].start + tail, name, time, weight))
        found.append(sorted(row))
    return found


@st.composite
def asked(draw: st.DrawFn) -> tuple[KnowledgeGraph, list[int], list[int]]:
    graph = draw(graphs())
    users = draw(st.lists(st.integers(-1, graph.n_users - 1), max_size=6))
    return graph, users, draw(st.lists(st.integers(0, 120), min_size=len(users), max_size=len(users)))


@settings(deadline=None, max_examples=50)
@given(asked())
def test_a_query_is_what_left_the_user_before_the_moment_of_asking(
    case: tuple[KnowledgeGraph, list[int], list[int]],
) -> None:
    graph, users, moments = case
    query = graph.query(np.array(users, dtype=np.int64), np.array(moments, dtype=np.int64))
    assert events(query) == slow(graph, users, moments)
    assert query.now.tolist() == moments


@settings(deadline=None, max_examples=50)
@given(graphs(), st.integers(0, 120))
def test_one_moment_for_all_users(graph: KnowledgeGraph, moment: int) -> None:
    assert events(graph.query(now=moment)) == slow(graph, [*range(graph.n_users)], [moment] * graph.n_users)


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_ids_and_indices_ask_the_same_and_an_unknown_id_asks_nothing(graph: KnowledgeGraph) -> None:
    ids = [*graph.nodes["user"].ids.ids, "nobody at all"]
    query = graph.query(ids)
    assert query.users.tolist() == [*range(graph.n_users), -1]
    assert events(query)[:-1] == events(graph.query())
    assert events(query)[-1] == []


@settings(deadline=None, max_examples=50)
@given(asked(), st.data())
def test_take_without_and_seen(case: tuple[KnowledgeGraph, list[int], list[int]], data: st.DataObject) -> None:
    graph, users, moments = case
    query = graph.query(np.array(users, dtype=np.int64), np.array(moments, dtype=np.int64))
    every = events(query)
    rows = data.draw(st.lists(st.integers(0, len(users) - 1), max_size=4)) if users else []
    taken = query.take(np.array(rows, dtype=np.int64))
    assert events(taken) == [every[row] for row in rows]
    assert (taken.users.tolist(), taken.now.tolist()) == ([users[r] for r in rows], [moments[r] for r in rows])

    n_events = len(query.nodes)
    gone = data.draw(st.sets(st.integers(0, n_events - 1), max_size=3)) if n_events else set()
    left = query.without(np.array(sorted(gone), dtype=np.int64))
    kept = [place for place in range(n_events) if place not in gone]
    assert left.nodes.tolist() == query.nodes[kept].tolist()
    assert left.rows.tolist() == query.rows[kept].tolist()

    wanted = np.zeros((len(users), graph.n_items), np.float32)
    for row, own in enumerate(every):
        for node, kind, _, _ in own:
            if kind == "purchase" and node in query.items:
                wanted[row, node - query.items.start] = 1
    np.testing.assert_array_equal(query.seen(("purchase",)).toarray(), wanted)


@settings(deadline=None, max_examples=50)
@given(asked())
def test_weights_add_up_event_by_event(case: tuple[KnowledgeGraph, list[int], list[int]]) -> None:
    graph, users, moments = case
    query = graph.query(np.array(users, dtype=np.int64), np.array(moments, dtype=np.int64))
    weighting = Weighting(kinds={"purchase": 2.0, "has": 0.5}, half_life=1 / 864)  # 100 seconds
    wanted = np.zeros((len(users), graph.n_nodes))
    for row, own in enumerate(events(query)):
        for node, kind, time, quantity in own:
            age = 0 if time == TIMELESS else moments[row] - time
            wanted[row, node] += weighting.of_kind(kind) * quantity * 0.5 ** (age / 100)
    np.testing.assert_allclose(query.weights(weighting).toarray(), wanted, rtol=1e-5)
    items = slice(query.items.start, query.items.stop)
    np.testing.assert_allclose(query.history(weighting).toarray(), wanted[:, items], rtol=1e-5)


def parts(**changed: Any) -> dict[str, Any]:
    whole = {
        "users": np.array([0]), "indptr": np.array([0, 1]), "nodes": np.array([0]), "kinds": np.array([0], np.int16),
        "times": np.array([0], np.int32), "quantities": np.ones(1, np.float32), "now": np.array([1]),
        "kind_names": ("purchase",), "items": range(1), "n_nodes": 1,
    }  # fmt: skip
    return whole | changed


@pytest.mark.parametrize(
    "changed",
    [{"nodes": np.array([0, 0])}, {"now": np.array([1, 2])}, {"nodes": np.array([1])}, {"nodes": np.array([-1])}],
)
def test_a_query_that_cannot_be_is_an_error(changed: dict[str, Any]) -> None:
    with pytest.raises(KgError):
        Query(**parts(**changed))
