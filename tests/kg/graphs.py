"""Random small graphs, and what makes two of them equal."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from kg.graph import Edges, KnowledgeGraph, numbered
from kg.query import TIMELESS

ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)


@st.composite
def graphs(draw: st.DrawFn) -> KnowledgeGraph:
    """Users, items and up to two further types; relations between any of them, with parallel edges."""
    parts = {}
    for name in ("user", "item", *sorted(draw(st.sets(st.sampled_from(["brand", "colour"]))))):
        own = sorted(draw(st.sets(ids, min_size=1, max_size=4)))
        parts[name] = (own, draw(st.lists(ids, min_size=len(own), max_size=len(own))))
    nodes = numbered(parts)
    node_type = st.sampled_from([*nodes])
    kinds = draw(st.sets(st.tuples(node_type, st.sampled_from(["purchase", "has"]), node_type)))
    relations = {relation: draw(edges(len(nodes[relation[0]]), len(nodes[relation[2]]))) for relation in sorted(kinds)}
    prices = draw(st.lists(st.floats(0, 100, width=32), min_size=len(nodes["item"]), max_size=len(nodes["item"])))
    features = {"item": {"price": np.array(prices, np.float32), "available": np.array(prices) > 10}}
    return KnowledgeGraph(nodes, relations, draw(st.integers(0, 2**31)), 101, ("events", "rule"), features)


@st.composite
def edges(draw: st.DrawFn, n_sources: int, n_targets: int) -> Edges:
    edge = st.tuples(
        st.integers(0, n_sources - 1),
        st.integers(0, n_targets - 1),
        st.sampled_from([0, 7, 100, int(TIMELESS)]),
        st.sampled_from([0.25, 1.0, 3.0]),
        st.integers(0, 1),
    )
    return Edges.of_rows(draw(st.lists(edge, max_size=8)), n_sources)


def assert_equal(found: KnowledgeGraph, wanted: KnowledgeGraph) -> None:
    """The same in every part, not only in the hash."""
    assert found.hash == wanted.hash
    assert list(found.nodes) == list(wanted.nodes)
    assert (found.epoch, found.now, found.provenances) == (wanted.epoch, wanted.now, wanted.provenances)
    for name, node_type in wanted.nodes.items():
        assert found.nodes[name].ids.ids.tolist() == node_type.ids.ids.tolist()
        assert found.nodes[name].labels.tolist() == node_type.labels.tolist()
        assert found.nodes[name].start == node_type.start
    assert set(found.relations) == set(wanted.relations)
    for relation, part in wanted.relations.items():
        for column in ("indptr", "indices", "weight", "time", "provenance"):
            ours, theirs = getattr(found.relations[relation], column), getattr(part, column)
            np.testing.assert_array_equal(ours, theirs)
            assert ours.dtype == theirs.dtype
    for name, arrays in wanted.features.items():
        for feature, values in arrays.items():
            np.testing.assert_array_equal(found.features[name][feature], values)
            assert found.features[name][feature].dtype == values.dtype
