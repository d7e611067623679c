"""Taking events away lowers what they held up, and the smallest set is found."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from kg.query import Query, Weighting
from recsys.errors import RecsysError
from recsys.explanation.comparison import why_above
from recsys.explanation.counterfactual import counterfactual
from recsys.explanation.whatif import ranks, scored, with_each, without_each
from recsys.fusion import Fusion
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity
from recsys.types import Scores


class Squared:
    """A scorer that is not additive: the square of another's scores, with the sign kept."""

    def __init__(self, scorer: Fusion) -> None:
        self.scorer = scorer

    def fit(self, graph: kg.KnowledgeGraph, validation: object = None) -> "Squared":
        return self

    def score(self, query: Query) -> Scores:
        scores = self.scorer.score(query)
        return scores * np.abs(scores)


def shop(seed: int, n_events: int = 40) -> tuple[kg.KnowledgeGraph, Fusion]:
    rng = np.random.default_rng(seed)
    events = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in rng.integers(0, 8, n_events)],
            "item_id": [f"i{i}" for i in rng.integers(0, 8, n_events)],
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 9_000_000, n_events), unit="s"),
        }
    ).astype({"time": "datetime64[us]"})
    graph = kg.build(kg.Tables.of(events=events))
    fusion = Fusion({"item_knn": ItemKNN(weighting=Weighting(half_life=30)), "popularity": Popularity()}).fit(graph)
    fusion.weights_ = np.array([1.0, 0.05])
    return graph, fusion


def smallest_by_trying(fusion: Fusion, query: Query, item: int, k: int) -> int | None:
    nodes = np.unique(query.nodes).tolist()
    for size in range(1, 4):
        for removed in combinations(nodes, size):
            if ranks(scored(fusion, without_each(query, [removed]), None), item)[0] > k:
                return size
    return None


@given(st.integers(0, 10_000), st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_the_smallest_set_is_found_and_holds(seed: int, k: int) -> None:
    graph, fusion = shop(seed)
    query = graph.query().take(np.array([seed % graph.n_users]))
    scores = fusion.score(query)
    item = int(np.flatnonzero(ranks_of_all(scores) <= k)[-1])
    found = counterfactual(fusion, query, 0, item, k)
    size = smallest_by_trying(fusion, query, item, k)
    assert (found is None) == (size is None)
    if found is not None:
        assert found.smallest
        assert len(found.nodes) == size
        without = fusion.score(query.without(np.flatnonzero(np.isin(query.nodes, found.nodes))))
        assert ranks(without, item)[0] == found.after > k >= found.rank


def ranks_of_all(scores: Scores) -> np.ndarray:
    return np.array([ranks(scores, item)[0] for item in range(scores.shape[1])])


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_of_a_scorer_that_is_not_additive_the_best_found_holds_too(seed: int) -> None:
    graph, fusion = shop(seed)
    squared = Squared(fusion)
    query = graph.query().take(np.array([seed % graph.n_users]))
    item = int(np.argmax(squared.score(query)[0]))
    found = counterfactual(squared, query, 0, item, 1)
    if found is not None:
        assert found.smallest == (len(found.nodes) == 1)
        assert ranks(scored(squared, without_each(query, [found.nodes]), None), item)[0] > 1
    if smallest_by_trying(fusion, query, item, 1) == 1:
        assert found is not None
        assert len(found.nodes) == 1


def test_deleting_a_node_lowers_the_score_by_its_reasons(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    teapot = graph.node("item", "teapot") - query.items.start
    told = fusion.explain(query, 0, teapot)
    for node in {part.event.node for part in told.contributions if part.event}:
        share = sum(part.value for part in told.contributions if part.event and part.event.node == node)
        without = fusion.score(without_each(query, [(node,)]))[0, teapot]
        assert told.score - without == pytest.approx(share, rel=1e-5)


def test_an_item_outside_the_list_has_no_counterfactual(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    last = int(np.argmin(np.nan_to_num(fusion.score(query)[0], nan=np.inf)))
    with pytest.raises(RecsysError, match="not in the list"):
        counterfactual(fusion, query, 0, last, 1)


def test_candidates_stay_the_same() -> None:
    graph, fusion = shop(3)
    query = graph.query().take(np.array([0]))
    allowed = query.seen(("purchase",)).toarray()[0] == 0
    scores = scored(fusion, query, allowed)
    found = counterfactual(fusion, query, 0, int(np.argmax(scores[0])), 1, allowed=allowed)
    assert found is None or allowed[np.argmax(scored(fusion, without_each(query, [found.nodes]), allowed)[0])]


def test_one_more_event_is_one_more_event(graph: kg.KnowledgeGraph) -> None:
    query = graph.query(["ann"])
    nodes = np.array([graph.node("item", "tea"), graph.node("item", "mug")])
    for sets in (nodes[:, None], np.array([nodes, nodes[::-1]])):
        more, m = with_each(query, sets, "purchase"), sets.shape[1]
        for row, own in enumerate(sets):
            added = more.take(np.array([row]))
            assert added.nodes[:-m].tolist() == query.nodes.tolist()
            assert added.nodes[-m:].tolist() == own.tolist()
            assert set(added.times[-m:].tolist()) == {int(query.now[0])}
            assert {added.kind_names[kind] for kind in added.kinds[-m:]} == {"purchase"}


def test_why_above_adds_up(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query = graph.query(["ann"])
    first, second = (graph.node("item", name) - query.items.start for name in ("teapot", "tea"))
    compared = why_above(fusion, query, 0, first, second)
    scores = fusion.score(query)[0]
    assert compared.difference == pytest.approx(scores[first] - scores[second], rel=1e-5)
    assert sum(part.value for part in compared.parts) == pytest.approx(compared.difference)
