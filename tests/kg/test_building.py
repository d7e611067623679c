"""The graph that tables make, against a slow twin in plain Python."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.engine import Engine
from kg.errors import KgError
from kg.query import TIMELESS

ENGINE = Engine(threads=1)
START = datetime(2024, 3, 1, 12)
MIDNIGHT = int(datetime(2024, 3, 1, tzinfo=UTC).timestamp())

names = st.sampled_from(["a", "b", "B", "é", "0", " "])
events = st.lists(
    st.fixed_dictionaries(
        {
            "user_id": names,
            "item_id": names,
            "kind": st.sampled_from(["view", "purchase"]),
            "time": st.none() | st.integers(0, 3).map(lambda hours: START + timedelta(hours=hours)),
            "value": st.none() | st.sampled_from([0.25, 2.0]),
        }
    ),
    min_size=1,
    max_size=12,
)
facts = st.lists(
    st.fixed_dictionaries(
        {
            "head": names,
            "relation": st.sampled_from(["brand", "label"]),
            "tail": names,
            "head_type": st.sampled_from(["item", "brand"]),
            "tail_type": st.sampled_from(["item", "brand"]),
            "literal": st.booleans(),
            "confidence": st.none() | st.just(0.5),
            "provenance": st.none() | st.just("rule"),
        }
    ),
    max_size=8,
)
Rows = list[dict[str, Any]]


def built(event_rows: Rows, fact_rows: Rows, items: Any = None) -> kg.KnowledgeGraph:
    log = pd.DataFrame(event_rows).astype({"time": "datetime64[us]", "value": "float64"})
    known = pd.DataFrame(fact_rows).astype({"confidence": "float64", "provenance": "str"}) if fact_rows else None
    return kg.build(kg.Tables.of(events=log, facts=known, items=items, engine=ENGINE))


def edges_of(graph: kg.KnowledgeGraph) -> Counter[tuple[Any, ...]]:
    """Every edge by ids and names."""
    found: Counter[tuple[Any, ...]] = Counter()
    for (source, name, target), edges in graph.relations.items():
        columns = (edges.sources, edges.indices, edges.time, edges.weight, edges.provenance)
        for head, tail, time, weight, code in zip(*(column.tolist() for column in columns), strict=True):
            ends = (graph.nodes[source].ids.ids[head], graph.nodes[target].ids.ids[tail])
            found[(source, name, target, *ends, time, weight, graph.provenances[code])] += 1
    return found


@settings(max_examples=30, deadline=None)
@given(events, facts)
def test_every_event_and_fact_is_an_edge(event_rows: Rows, fact_rows: Rows) -> None:
    graph = built(event_rows, fact_rows)
    assert graph.epoch == (MIDNIGHT if any(row["time"] for row in event_rows) else 0)
    wanted: Counter[tuple[Any, ...]] = Counter()
    for row in event_rows:
        at = row["time"]
        time = int(TIMELESS) if at is None else int(at.replace(tzinfo=UTC).timestamp()) - MIDNIGHT
        weight = 1.0 if row["value"] is None else row["value"]
        wanted[("user", row["kind"], "item", row["user_id"], row["item_id"], time, weight, "events")] += 1
    for row in fact_rows:
        if not row["literal"]:
            names = (row["head_type"], row["relation"], row["tail_type"], row["head"], row["tail"])
            wanted[(*names, int(TIMELESS), row["confidence"] or 1.0, row["provenance"] or "")] = 1
    assert edges_of(graph) == wanted
    assert all(list(kind.ids.ids) == sorted(kind.ids.ids) for kind in graph.nodes.values())


@settings(max_examples=15, deadline=None)
@given(events, facts, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(event_rows: Rows, fact_rows: Rows, chance: Any) -> None:
    first = built(event_rows, fact_rows)
    second = built(chance.sample(event_rows, len(event_rows)), chance.sample(fact_rows, len(fact_rows)))
    assert first.hash == second.hash


@pytest.mark.parametrize("change", [{"value": 2.0}, {"kind": "view"}, {"item_id": "b"}, {"time": START + timedelta(1)}])
def test_another_content_is_another_hash(change: dict[str, Any]) -> None:
    row = {"user_id": "a", "item_id": "a", "kind": "purchase", "time": START, "value": None}
    other = {"user_id": "b", "item_id": "b", "kind": "view", "time": START + timedelta(2), "value": None}
    assert built([row, other], []).hash != built([row | change, other], []).hash


def test_equal_events_stay_parallel_edges_and_their_weights_add_up() -> None:
    row = {"user_id": "a", "item_id": "mug", "kind": "purchase", "time": START, "value": None}
    graph = built([row, row, row | {"value": 0.5}], [])
    purchase = ("user", "purchase", "item")
    assert len(graph.relations[purchase]) == 3
    assert graph.matrix(purchase).toarray().tolist() == [[2.5]]


def test_titles_prices_and_availability_come_from_the_catalogue() -> None:
    items = pd.DataFrame(
        {
            "item_id": ["mug", "cup", "mug"],
            "title": ["Red mug", None, "Mug, red"],
            "price": [2.5, None, 2.0],
            "available": [True, False, None],
        }
    )
    log = [{"user_id": "a", "item_id": "pot", "kind": "purchase", "time": START, "value": None}]
    fact = {
        "head": "ikea",
        "relation": "label",
        "tail": "IKEA",
        "head_type": "brand",
        "tail_type": "string",
        "literal": True,
    }
    joined = {
        "head": "mug",
        "relation": "brand",
        "tail": "ikea",
        "head_type": "item",
        "tail_type": "brand",
        "literal": False,
    }
    graph = built(log, [{**row, "confidence": None, "provenance": None} for row in (fact, joined)], items)
    assert graph.nodes["item"].ids.ids.tolist() == ["cup", "mug", "pot"]
    assert graph.nodes["item"].labels.tolist() == ["cup", "Mug, red", "pot"]
    np.testing.assert_array_equal(graph.features["item"]["price"], np.array([np.nan, 2, np.nan], np.float32))
    assert graph.features["item"]["available"].tolist() == [False, True, True]
    assert graph.label(graph.node("brand", "ikea")) == "IKEA"


def test_edges_take_at_most_24_bytes() -> None:
    rng = np.random.default_rng(0)
    log = pd.DataFrame({"user_id": rng.integers(0, 50, 5000), "item_id": rng.integers(0, 20, 5000)}).astype(str)
    graph = kg.build(kg.Tables.of(events=log, engine=ENGINE))
    backward = sum(part.nbytes for edges in graph.relations.values() for part in edges.reverse)
    assert (graph.nbytes + backward) / 5000 <= 24


def test_a_log_of_more_than_68_years_is_an_error() -> None:
    row = {"user_id": "a", "item_id": "a", "kind": "purchase", "time": START, "value": None}
    with pytest.raises(KgError, match="68 years") as error:
        built([row, row | {"time": datetime(1950, 1, 1)}], [])
    assert error.value.fix


def test_a_value_that_is_no_number_is_an_error() -> None:
    import pyarrow as pa

    log = pa.table({"user_id": ["a"], "item_id": ["b"], "value": pa.array([float("nan")])})
    with pytest.raises(KgError, match="not a number"):
        kg.build(kg.Tables.of(events=log, engine=ENGINE))


@pytest.mark.parametrize("value", [float("inf"), 1e300])
def test_a_value_that_no_edge_can_hold_is_an_error(value: float) -> None:
    events = pd.DataFrame({"user_id": ["ann", "bob"], "item_id": ["mug", "mug"], "value": [1.0, value]})
    with pytest.raises(KgError, match="not a number, or too large"):
        kg.build(kg.Tables.of(events=pa.Table.from_pandas(events, schema=VALUED)))


VALUED = pa.schema([("user_id", pa.string()), ("item_id", pa.string()), ("value", pa.float64())])
