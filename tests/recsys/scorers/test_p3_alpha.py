"""P3α and RP3β against their formulas on dense matrices; their explanations are walks."""

from __future__ import annotations

import numpy as np
import pytest

from kg.query import Weighting
from recsys.demand import Demand
from recsys.explanation.steps import broken
from recsys.scorers.p3_alpha import P3Alpha
from recsys.scorers.rp3_beta import RP3Beta
from recsys.types import MANY
from tests.recsys.scorers.shops import shop


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("beta", [0.0, 0.6])
def test_three_steps_of_a_walk(seed: int, beta: float) -> None:
    graph = shop(seed)
    still = {"alpha": 1.4, "train_half_life": None, "demand": Demand(0, 0)}
    scorer = (RP3Beta(beta=beta, **still) if beta else P3Alpha(**still)).fit(graph)
    X = (graph.matrix(("user", "purchase", "item")).toarray() > 0).astype(np.float64)
    degrees = X.sum(axis=0)
    known = degrees > 0
    back = (X / np.maximum(degrees, 1)).T ** 1.4
    on = (X / np.maximum(X.sum(axis=1, keepdims=True), 1)) ** 1.4
    damping = np.where(known, (np.maximum(degrees, 1) / degrees[known].mean()) ** -beta, 0)
    expected = graph.query().history(Weighting()).toarray() @ (back @ on * damping)
    scores = scorer.score(graph.query())
    assert (np.isnan(scores).all(axis=0) == ~known).all()
    np.testing.assert_allclose(scores[:, known], expected[:, known], rtol=1e-4)


def test_the_walks_are_told() -> None:
    graph = shop(0)
    scorer = RP3Beta().fit(graph)
    query = graph.query()
    row, item = (int(place) for place in np.argwhere(scorer.score(query) > 0)[0])
    told = scorer.explain(query, row, item)
    assert told.path_share == 1
    assert not broken(graph, told)
    assert all(part.path and part.path.nodes[1] == MANY for part in told.contributions)
