"""Node features as a network reads them: what is unknown or broken in them, and that they are learned from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import kg
from recsys.errors import RecsysError
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.node_features import standardised
from tests.recsys.scorers.shops import shop

PRICES = np.array([1.0, 3.0, np.nan, 5.0, 3.0, 3.0, np.nan, 1.0, 5.0, 3.0], np.float32)
SMALL = LightGCN(embedding_size=4, n_epochs=4, n_steps=4, batch_size=32)


def priced(prices: np.ndarray) -> kg.KnowledgeGraph:
    graph = shop(0)
    return replace(graph, features={"item": {"price": prices[: graph.n_items]}, "brand": {"founded": np.arange(3)}})


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    return priced(PRICES)


def test_features_are_standardised_within_their_type_and_what_is_unknown_is_the_mean(graph: kg.KnowledgeGraph) -> None:
    found = standardised(graph, ("price", "founded"))
    assert found.shape == (graph.n_nodes - graph.n_users, 2)
    items, brands = (graph.nodes[name].range for name in ("item", "brand"))
    price = found[items.start - graph.n_users : items.stop - graph.n_users, 0]
    known = ~np.isnan(PRICES[: len(items)])
    assert not price[~known].any()
    assert price[known].mean() == pytest.approx(0, abs=1e-6)
    assert price[known].std() == pytest.approx(1)
    assert not np.delete(found[:, 0], np.arange(items.start, items.stop) - graph.n_users).any()
    np.testing.assert_allclose(
        found[np.arange(brands.start, brands.stop) - graph.n_users, 1], [-1.2247, 0, 1.2247], 1e-3
    )


def test_all_unknown_or_all_the_same_tells_nothing() -> None:
    for prices in (np.full(10, np.nan, np.float32), np.ones(10, np.float32)):
        assert not standardised(priced(prices), ("price",)).any()


def test_an_infinite_feature_and_one_that_is_not_there_are_errors(graph: kg.KnowledgeGraph) -> None:
    with pytest.raises(RecsysError, match=r"infinite.*price of item 'i2'"):
        standardised(priced(np.where(np.arange(10) == 2, np.inf, PRICES)), ("price",))
    with pytest.raises(RecsysError, match="Did you mean 'price'"):
        replace(SMALL, features=("prize",)).fit(graph)


def test_a_score_depends_on_features_that_are_read_and_is_still_told_whole(graph: kg.KnowledgeGraph) -> None:
    query = graph.query()
    cheap = priced(np.linspace(9, 1, 10, dtype=np.float32))
    scorer = replace(SMALL, features=("price",))
    scores = scorer.fit(graph).score(query)
    assert np.abs(scores - replace(scorer).fit(cheap).score(query)).max() > 1e-3
    np.testing.assert_array_equal(SMALL.fit(graph).score(query), replace(SMALL).fit(cheap).score(query))
    told = scorer.fit(graph).explain(query, 0, 1)
    assert told.complete
    assert told.score == pytest.approx(scores[0, 1], abs=1e-5)
