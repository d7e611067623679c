"""Association rules counted basket by basket."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import kg
from recsys.demand import Demand
from recsys.explanation.steps import broken
from recsys.scorers.association import Association


@pytest.mark.parametrize("lift_power", [0.0, 0.5, 1.0])
def test_confidence_and_lift(lift_power: float) -> None:
    rng = np.random.default_rng(1)
    found = [set(rng.choice(6, rng.integers(1, 5), replace=False).tolist()) for _ in range(30)]
    log = [
        (f"u{number % 4}", f"i{item}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=3 * number))
        for number, basket in enumerate(found)
        for item in basket
    ]
    events = pd.DataFrame(log, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    graph = kg.build(kg.Tables.of(events=events))
    scorer = Association(support=2, lift_power=lift_power, demand=Demand(0, 0)).fit(graph)
    expected = np.zeros((graph.n_items, graph.n_items))
    together = np.zeros((graph.n_items, graph.n_items), dtype=int)
    for j in range(graph.n_items):
        for i in range(graph.n_items):
            with_j = [basket for basket in found if j in basket]
            both = sum(i in basket for basket in with_j)
            if i != j and both >= 2:
                confidence = both / len(with_j)
                lift = confidence / (sum(i in basket for basket in found) / len(found))
                expected[j, i], together[j, i] = confidence * lift**lift_power, both
    assert expected.any()
    assert isinstance(scorer.operator_, csr_array)
    np.testing.assert_allclose(scorer.operator_.toarray(), expected, rtol=1e-5)
    query = graph.query()
    for row, item in np.argwhere(np.nan_to_num(scorer.score(query)) > 0).tolist():
        told = scorer.explain(query, row, item)
        assert not broken(graph, told)
        for part in told.contributions:
            assert part.event is not None
            assert part.path is not None
            assert part.path.count == together[part.event.node - query.items.start, item]
