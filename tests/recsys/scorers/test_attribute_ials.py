"""The ridge against its normal equations; a new item is scored by what is known of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import random_array

import kg
from recsys.scorers.attribute_ials import AttributeIALS, ridge


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 30), d=st.integers(1, 30), l2=st.sampled_from([0.1, 1.0, 10.0]), seed=st.integers(0, 99))
def test_the_ridge_solves_its_equations(n: int, d: int, l2: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    F = random_array((n, d), density=0.3, rng=rng, dtype=np.float32).tocsr()
    Y = rng.standard_normal((n, 3)).astype(np.float32)
    dense = F.toarray().astype(np.float64)
    expected = np.linalg.solve(dense.T @ dense + l2 * np.eye(d), dense.T @ Y)
    np.testing.assert_allclose(ridge(F, Y, l2), expected, atol=1e-4)


def test_a_new_item_goes_to_those_who_like_its_kind() -> None:
    rng = np.random.default_rng(0)
    log = [
        (f"{kind}{user}", f"{kind}{item}") for kind in "ab" for user in range(20) for item in rng.choice(8, 5, False)
    ]
    facts = [(f"{kind}{item}", "brand", kind) for kind in "ab" for item in [*range(8), "-new"]]
    table = pd.DataFrame(facts, columns=["head", "relation", "tail"])
    table = table.assign(head_type="item", tail_type="brand", literal=False)
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id"]), facts=table))
    scorer = AttributeIALS(n_factors=4).fit(graph)
    new = graph.nodes["item"].ids.to_index(["a-new", "b-new"])
    scores = scorer.score(graph.query([f"a{user}" for user in range(20)] + [f"b{user}" for user in range(20)]))[:, new]
    assert (scores[:20, 0] > scores[:20, 1]).all()
    assert (scores[20:, 1] > scores[20:, 0]).all()
