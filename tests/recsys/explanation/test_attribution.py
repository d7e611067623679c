"""An estimate for any scorer: for additive ones it is the explanation, and it says how far it falls short."""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest

import kg
from kg.query import Query
from recsys.answering import attributed
from recsys.explanation.answer_contract import answer_json
from recsys.explanation.answer_words import answer_words
from recsys.explanation.attribution import attribute
from recsys.explanation.telling import Teller
from recsys.explanation.whatif import without_each
from recsys.fusion import Fusion
from recsys.serving import Service
from recsys.types import Scores


@dataclass
class Crooked:
    """Not linear in what a person did; without her first item it has no opinion of the last one."""

    n_items: int

    def fit(self, graph: kg.KnowledgeGraph, validation: object = None) -> "Crooked":
        return self

    def score(self, query: Query) -> Scores:
        counts = np.stack(
            [np.bincount(query.nodes[query.events_of(row)], minlength=query.n_nodes) for row in range(len(query))]
        )
        had = counts[:, query.items.start : query.items.stop].astype(np.float32)
        scores = np.outer(1 + had[:, 0] * had[:, 1] + 2 * had[:, 2], np.arange(1, self.n_items + 1)).astype(np.float32)
        scores[had[:, 0] == 0, -1] = np.nan
        return scores


def test_of_an_additive_scorer_it_is_what_the_explanation_says(graph: kg.KnowledgeGraph, fusion: Fusion) -> None:
    query, teapot = graph.query(["ann"]), graph.node("item", "teapot") - graph.nodes["item"].start
    found = attribute(fusion, query, teapot)
    told = fusion.explain(query, 0, teapot)
    for node, value in zip(found.nodes.tolist(), found.values.tolist(), strict=True):
        own = sum(part.value for part in told.contributions if part.event and part.event.node == node)
        assert value == pytest.approx(own, abs=1e-5)
    constants = sum(part.value for part in told.contributions if part.event is None)
    assert found.nothing == pytest.approx(constants, abs=1e-5)
    assert found.gap == pytest.approx(0, abs=1e-6)


def test_of_any_other_it_is_near_the_mean_over_all_orders(graph: kg.KnowledgeGraph) -> None:
    scorer, query = Crooked(graph.n_items), graph.query(["ann"])
    item = graph.n_items - 1
    found = attribute(scorer, query, item)
    nodes = found.nodes.tolist()

    def score(kept: tuple[int, ...]) -> float:
        scores = scorer.score(without_each(query, [tuple(set(nodes) - set(kept))]))[0]
        return float(np.nanmin(scores) if np.isnan(scores[item]) else scores[item])

    orders = list(permutations(nodes))
    exact = [np.mean([score(o[: o.index(n) + 1]) - score(o[: o.index(n)]) for o in orders]) for n in nodes]
    np.testing.assert_allclose(found.values, exact, atol=0.35 * np.abs(exact).max())
    assert found.gap == pytest.approx(0, abs=1e-5)


def test_it_is_labelled_an_estimate(graph: kg.KnowledgeGraph) -> None:
    service = Service(graph, Crooked(graph.n_items), 2, Teller(graph))
    answer = attributed(service, graph.query(["ann"]), 1)
    document = answer_json(answer)
    assert document["exact"] is False
    assert (document["method"], document["question"]) == ("shapley", "attribute")
    total = document["without_any"] + sum(part["value"] for part in document["attributions"]) + document["gap"]
    assert total == pytest.approx(document["score"])
    for language, said in (("en", "This is an estimate"), ("zh", "这是估计值")):
        assert said in answer_words(answer, language=language)[-1]
    guest = attributed(service, graph.guest([]), 1)
    assert guest.parts == ()
