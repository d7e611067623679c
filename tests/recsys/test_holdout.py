"""Who is asked what, as of when; and which of it is judged in which group."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import DAY
from recsys.errors import RecsysError
from recsys.holdout import holdout, popularity
from recsys.protocol import Protocol, asked, seen_before
from recsys.types import Holdout

START = int(datetime(2024, 2, 1, tzinfo=UTC).timestamp())
BEFORE = [
    ("ann", "mug", "purchase", "2024-01-01"),
    ("ann", "mug", "purchase", "2024-01-20"),
    ("ann", "tea", "purchase", "2024-01-20"),
    ("bob", "tea", "purchase", "2024-01-05"),
    ("cat", "pot", "view", "2024-01-31"),
]
AFTER = [
    ("ann", "mug", "purchase", "2024-02-03"),
    ("ann", "mug", "purchase", "2024-02-04"),
    ("ann", "pot", "purchase", "2024-02-05"),
    ("ann", "tea", "view", "2024-02-02"),
    ("bob", "new", "purchase", "2024-02-10"),
    ("bob", "pot", "purchase", "2024-02-12"),
    ("cat", "mug", "purchase", "2024-02-10"),
    ("eve", "mug", "purchase", "2024-02-10"),
    ("dan", "tea", "purchase", "2024-02-10"),
    ("dan", "shelf", "purchase", "2024-02-10"),
]


def tables(rows: list[tuple[str, str, str, str]]) -> kg.Tables:
    log = pd.DataFrame(rows, columns=["user_id", "item_id", "kind", "time"]).astype({"time": "datetime64[us]"})
    return kg.Tables.of(events=log, items=pd.DataFrame({"item_id": ["mug", "tea", "pot", "shelf"]}))


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    return kg.build(tables(BEFORE))


@pytest.fixture(scope="module")
def later(graph: kg.KnowledgeGraph) -> Holdout:
    return holdout(graph, tables(AFTER).events, now=START)


def pairs(graph: kg.KnowledgeGraph, found: Holdout, targets: csr_array | None = None) -> set[tuple[str, str, float]]:
    """(user or "?", item, number of events)."""
    users = [graph.nodes["user"].ids.ids[index] if index >= 0 else "?" for index in found.query.users]
    coo = (found.targets if targets is None else targets).tocoo()
    items = graph.nodes["item"].ids.ids
    return {(users[row], items[item], float(n)) for row, item, n in zip(coo.row, coo.col, coo.data, strict=True)}


def test_targets_are_the_events_of_the_kinds_counted(graph: kg.KnowledgeGraph, later: Holdout) -> None:
    assert pairs(graph, later) == {
        ("ann", "mug", 2),
        ("ann", "pot", 1),
        ("bob", "pot", 1),
        ("cat", "mug", 1),
        ("?", "mug", 1),
        ("?", "tea", 1),
        ("?", "shelf", 1),
    }
    assert later.left_out == {"pairs_with_unknown_items": 1, "unknown_users": 2}
    assert later.n_users == 3
    assert (later.query.now == START - graph.epoch).all()
    assert ("ann", "tea", 1) in pairs(graph, holdout(graph, tables(AFTER).events, ("view",)))


def test_users_without_history_come_last_or_not_at_all(graph: kg.KnowledgeGraph, later: Holdout) -> None:
    assert later.query.users.tolist() == [0, 1, 2, -1, -1]
    assert later.targets[[3]].count_nonzero() == 2, "dan before eve"
    known = holdout(graph, tables(AFTER).events, now=START, cold_users=False)
    np.testing.assert_array_equal(known.query.users, [0, 1, 2])


def test_the_order_of_the_rows_does_not_matter(graph: kg.KnowledgeGraph, later: Holdout) -> None:
    shuffled = holdout(graph, tables(AFTER[::-1]).events, now=START)
    np.testing.assert_array_equal(shuffled.targets.toarray(), later.targets.toarray())
    np.testing.assert_array_equal(shuffled.query.users, later.query.users)


def test_without_a_common_moment_each_user_is_asked_at_her_own(graph: kg.KnowledgeGraph) -> None:
    found = holdout(graph, tables(AFTER).events)
    days = (found.query.now + graph.epoch - START) // DAY
    assert days.tolist() == [2, 11, 9, 9, 9], "of an item the graph lacks nothing is asked"


def test_what_was_taken_together_with_the_target_is_known() -> None:
    graph = kg.build(tables([*BEFORE, ("ann", "pot", "purchase", "2024-02-03")]))
    found = holdout(graph, tables([("ann", "shelf", "purchase", "2024-02-03")]).events)
    assert found.query.seen(("purchase",)).count_nonzero() == 3
    moment = holdout(graph, tables([("ann", "shelf", "purchase", "2024-01-20")]).events)
    assert moment.query.seen(("purchase",)).count_nonzero() == 2, "and what came later is not"


def test_targets_without_times_are_asked_as_of_the_graphs_moment(graph: kg.KnowledgeGraph) -> None:
    timeless = kg.Tables.of(events=pd.DataFrame({"user_id": ["ann"], "item_id": ["pot"]}))
    assert holdout(graph, timeless.events).query.now.tolist() == [graph.now]


def test_a_window_that_cannot_be_asked_is_an_error(graph: kg.KnowledgeGraph) -> None:
    for rows in ([("ann", "tea", "view", "2024-02-02")], [("bob", "new", "purchase", "2024-02-10")]):
        with pytest.raises(RecsysError, match="no event of the window"):
            holdout(graph, tables(rows).events, now=START)


def test_popularity_counts_users_not_events(graph: kg.KnowledgeGraph) -> None:
    items = graph.nodes["item"].ids.ids
    assert dict(zip(items, popularity(graph), strict=True)) == {"mug": 1, "tea": 2, "pot": 1, "shelf": 0}


def test_repeats_and_the_rest_are_told_apart(graph: kg.KnowledgeGraph, later: Holdout) -> None:
    groups = asked(later, Protocol(repeats="include"))
    told = {name: pairs(graph, later, targets) for name, targets in groups.items()}
    assert told == {
        "warm": {("ann", "mug", 2), ("ann", "pot", 1), ("bob", "pot", 1), ("cat", "mug", 1)},
        "repeat": {("ann", "mug", 2)},
        "explore": {("ann", "pot", 1), ("bob", "pot", 1), ("cat", "mug", 1)},
        "cold_users": {("?", "mug", 1), ("?", "tea", 1)},
        "cold_items": {("?", "shelf", 1)},
        "cold_overall": {("?", "shelf", 1)},
    }
    parts = groups["repeat"] + groups["explore"]
    np.testing.assert_array_equal(parts.toarray(), groups["warm"].toarray())


def test_where_repeats_are_excluded_they_are_neither_shown_nor_right(graph: kg.KnowledgeGraph, later: Holdout) -> None:
    protocol = Protocol(repeats="exclude")
    groups = asked(later, protocol)
    assert pairs(graph, later, groups["warm"]) == {("ann", "pot", 1), ("bob", "pot", 1), ("cat", "mug", 1)}
    assert set(groups) == {"warm", "cold_users", "cold_items", "cold_overall"}
    seen = seen_before(later, protocol, later.query)
    assert seen is not None
    assert pairs(graph, later, seen) == {("ann", "mug", 1), ("ann", "tea", 1), ("bob", "tea", 1)}, (
        "a view is no purchase"
    )
    assert not groups["warm"].multiply(seen).count_nonzero()
    assert seen_before(later, Protocol(repeats="include"), later.query) is None


def test_nothing_to_judge_is_an_error(graph: kg.KnowledgeGraph) -> None:
    only_repeats = holdout(graph, tables([("ann", "mug", "purchase", "2024-02-03")]).events, now=START)
    with pytest.raises(RecsysError, match="that is new"):
        asked(only_repeats, Protocol(repeats="exclude"))
    with pytest.raises(RecsysError, match="popularity"):
        asked(Holdout(only_repeats.query, only_repeats.targets), Protocol())


def test_a_protocol_is_checked() -> None:
    with pytest.raises(RecsysError, match="length of list"):
        Protocol(k=())
    with pytest.raises(RecsysError, match="between 0 and 1"):
        Protocol(level=1.0)
    assert Protocol(k=(5, 10)).decisive == "ndcg@5"


def test_a_thinned_holdout_asks_some_of_its_users_the_same(later: Holdout) -> None:
    whole = later
    assert whole.thinned(len(whole.query)) is whole
    some = whole.thinned(2)
    rows = [0, len(whole.query) - 1]
    np.testing.assert_array_equal(some.query.users, whole.query.users[rows])
    np.testing.assert_array_equal(some.targets.toarray(), whole.targets.toarray()[rows])
