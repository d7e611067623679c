"""Every step of a path is an edge of the graph."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from recsys.errors import RecsysError
from recsys.explanation.steps import Crowds, broken, check, neighbours
from recsys.fusion import Fusion
from recsys.types import MANY, Contribution, Explanation, Path


def test_true_explanations_pass(graph: kg.KnowledgeGraph, fusion: Fusion, walked: Explanation) -> None:
    check(graph, walked)
    query = graph.query()
    for row in range(len(query)):
        for item in range(graph.n_items):
            check(graph, fusion.explain(query, row, item))


def test_an_invented_step_is_found(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    tea, teapot, azure = graph.node("item", "tea"), graph.node("item", "teapot"), graph.node("brand", "azure")
    mug = graph.node("item", "mug")
    event = next(part.event for part in walked.contributions if part.event and part.event.node == mug)
    invented = {
        "brand": Path((mug, azure, teapot), ("category", "rev_brand")),
        "not at": Path((mug, MANY, tea), ("rev_purchase", "purchase")),
        "does not touch": Path((tea, MANY, teapot), ("rev_purchase", "purchase")),
    }
    for word, path in invented.items():
        part = Contribution(1.0, "path", "walks", event, path)
        told = replace(walked, contributions=(*walked.contributions, part))
        assert len(broken(graph, told)) == 1
        with pytest.raises(RecsysError, match=word if word != "brand" else "category"):
            check(graph, told)


def test_an_event_that_never_was_is_found(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    event = next(part.event for part in walked.contributions if part.event)
    part = Contribution(1.0, "link", "ease", replace(event, node=graph.node("item", "tea")))
    with pytest.raises(RecsysError, match="purchase of Green tea"):
        check(graph, replace(walked, contributions=(part,)))


@st.composite
def walks_of_a_shop(draw: st.DrawFn) -> tuple[kg.KnowledgeGraph, Path]:
    pairs = draw(st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
    events = pd.DataFrame([(f"u{u}", f"i{i}") for u, i in sorted(pairs)], columns=["user_id", "item_id"])
    graph = kg.build(kg.Tables.of(events=events))
    ends = draw(st.tuples(*[st.integers(0, graph.n_items - 1)] * 2))
    hops = draw(st.integers(1, 2))
    first, last = (graph.nodes["item"].start + end for end in ends)
    return graph, Path((first, *[MANY] * (2 * hops - 1), last), ("rev_purchase", "purchase") * hops)


@given(walks_of_a_shop())
@settings(max_examples=25, deadline=None)
def test_stations_are_the_nodes_of_all_walks(drawn: tuple[kg.KnowledgeGraph, Path]) -> None:
    graph, path = drawn
    whole: list[list[int]] = [[path.nodes[0]]]
    for relation in path.relations:
        whole = [[*walk, node] for walk in whole for node in neighbours(graph, np.array(walk[-1:]), relation).tolist()]
    whole = [walk for walk in whole if walk[-1] == path.nodes[-1]]
    for place, nodes in enumerate(Crowds(graph).stations(path) or []):
        assert nodes.tolist() == sorted({walk[place] for walk in whole})
