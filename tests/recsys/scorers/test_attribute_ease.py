"""EASE on users and attributes together against its closed form; new items are scored by what they are."""

from __future__ import annotations

import numpy as np
import pytest

from kg.query import Weighting
from recsys.demand import Demand
from recsys.scorers.attribute_ease import AttributeEASE
from recsys.scorers.attributes import attributes
from tests.recsys.scorers.shops import shop


@pytest.mark.parametrize("seed", range(3))
def test_the_closed_form(seed: int) -> None:
    graph = shop(seed)
    scorer = AttributeEASE(l2=2, share=0.5, train_half_life=None, demand=Demand(0, 0)).fit(graph)
    viewed, bought = (graph.matrix(("user", kind, "item")).toarray() > 0 for kind in ("view", "purchase"))
    X = np.maximum(0.1 * viewed, bought)
    users, items = X.sum(axis=1), X.sum(axis=0)
    before = np.where(items > 0, np.maximum(items, 1e-9) ** -0.3, 0)
    Xn = np.where(users > 0, np.maximum(users, 1e-9) ** -0.3, 0)[:, None] * X * before
    stacked = np.concatenate([Xn, 0.5 * attributes(graph).unit.toarray().T])
    P = np.linalg.inv(stacked.T @ stacked + 2 * np.eye(graph.n_items))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0)
    expected = graph.query().history(Weighting()).toarray() @ (before[:, None] * B)
    np.testing.assert_allclose(scorer.score(graph.query()), expected, rtol=1e-3, atol=1e-5)
