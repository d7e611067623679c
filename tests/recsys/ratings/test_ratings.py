"""Predicted ratings against slow references and planted truths."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from recsys.errors import RecsysError
from recsys.ratings.biased_mf import BiasedMF
from recsys.ratings.data import Ratings, asked, errors, known
from recsys.ratings.feature_net import FeatureNet

N_USERS, N_ITEMS = 40, 30


def planted(seed: int = 0) -> Ratings:
    """Biases, and one factor that a user and an item share or not."""
    rng = np.random.default_rng(seed)
    users, items = np.divmod(rng.permutation(N_USERS * N_ITEMS), N_ITEMS)
    side = (users % 2 * 2 - 1) * (items % 2 * 2 - 1)
    values = 3 + 0.5 * np.sin(users) + 0.5 * np.cos(items) + side + rng.normal(scale=0.1, size=len(users))
    return Ratings(users, items, values)


def tables(ratings: Ratings, facts: list[tuple[str, str, str, str, str]]) -> kg.Tables:
    log = pd.DataFrame(
        {
            "user_id": [f"u{user:02}" for user in ratings.users],
            "item_id": [f"i{item:02}" for item in ratings.items],
            "kind": "rating",
            "value": ratings.values,
        }
    )
    known = pd.DataFrame(facts, columns=["head", "head_type", "relation", "tail", "tail_type"]).assign(literal=False)
    return kg.Tables.of(events=log, facts=known) if facts else kg.Tables.of(events=log)


def test_errors_are_in_the_unit_of_the_scale() -> None:
    assert errors(np.array([1.0, 5.0]), np.array([2.0, 2.0])) == {"rmse": pytest.approx(5**0.5), "mae": 2.0}


@pytest.mark.parametrize("n_factors", [0, 3])
def test_a_sweep_solves_the_ridge_of_every_user_and_item(n_factors: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.ratings.biased_mf._BLOCK", 7)  # ratings of one user in several blocks
    ratings = planted().take(np.arange(300))
    found = BiasedMF(n_factors=n_factors, n_sweeps=1).learn(ratings, N_USERS, N_ITEMS)
    rng = np.random.default_rng(0)
    others = np.zeros((N_ITEMS, 1 + n_factors))
    others[:, 1:] = rng.normal(scale=0.1, size=(N_ITEMS, n_factors))
    mean = ratings.values.mean()

    def ridge(own: Any, other: Any, there: Any, who: int) -> Any:
        mine = own == who
        X = np.column_stack([np.ones(mine.sum()), there[other[mine], 1:]])
        y = ratings.values[mine] - mean - there[other[mine], 0]
        return np.linalg.solve(X.T @ X + 0.05 * (mine.sum() + 50) * np.eye(X.shape[1]), X.T @ y)

    users = np.array([ridge(ratings.users, ratings.items, others, user) for user in range(N_USERS)])
    items = np.array([ridge(ratings.items, ratings.users, users, item) for item in range(N_ITEMS)])
    np.testing.assert_allclose(found.users_, users, atol=1e-10)
    np.testing.assert_allclose(found.items_, items, atol=1e-10)


def test_factors_find_what_biases_cannot() -> None:
    ratings = planted()
    learned, held = ratings.take(np.arange(900)), ratings.take(np.arange(900, 1200))
    off = {
        n: errors(
            BiasedMF(n_factors=n, prior=1).learn(learned, N_USERS, N_ITEMS).predict(held.users, held.items), held.values
        )["rmse"]
        for n in (0, 2)
    }
    assert off[2] < 0.3 < 0.9 < off[0]


def test_the_net_finds_which_kinds_go_together() -> None:
    ratings = planted()
    facts = [(f"u{user:02}", "user", "group", f"g{user % 2}", "group") for user in range(N_USERS)]
    facts += [(f"i{item:02}", "item", "kind", f"k{item % 2}", "kind") for item in range(N_ITEMS)]
    graph = kg.build(tables(ratings.take(np.arange(900)), facts))
    held = asked(graph, tables(ratings.take(np.arange(900, 1200)), []).events)
    net = FeatureNet(n_hidden=8, batch_size=128, n_epochs=25, learning_rate=0.03).fit(graph)
    assert errors(net.predict(held.users, held.items), held.values)["rmse"] < 0.6
    again = FeatureNet(n_hidden=8, batch_size=128, n_epochs=25, learning_rate=0.03).fit(graph)
    np.testing.assert_array_equal(again.predict(held.users, held.items), net.predict(held.users, held.items))


def test_who_is_unknown_gets_what_is_known_of_the_other_side() -> None:
    scorer = BiasedMF(n_factors=2).learn(planted(), N_USERS, N_ITEMS)
    minus = np.array([-1])
    assert scorer.predict(minus, minus)[0] == scorer.mean_
    assert scorer.predict(minus, np.array([4]))[0] == pytest.approx(scorer.mean_ + scorer.items_[4, 0])


def test_a_graph_without_ratings_says_so() -> None:
    log = pd.DataFrame({"user_id": ["a"], "item_id": ["x"]})
    bought = kg.Tables.of(events=log)
    with pytest.raises(RecsysError, match="no ratings") as caught:
        known(kg.build(bought))
    assert "rating" in caught.value.fix
    with pytest.raises(RecsysError, match="no rating of the window"):
        asked(kg.build(bought), bought.events)
