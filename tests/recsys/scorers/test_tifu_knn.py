"""TIFU-KNN against loops over single baskets, in the steps of the paper: decay, groups, decay across, neighbours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from recsys.scorers.tifu_knn import TIFUKNN

N_ITEMS = 6


def user_vector(baskets: list[set[int]], groups: int, within: float, across: float) -> np.ndarray:
    """Hu et al. 2020, section 4.1, a group at a time."""
    faded = [
        np.array([within ** (len(baskets) - 1 - place) * (item in basket) for item in range(N_ITEMS)])
        for place, basket in enumerate(baskets)
    ]
    n_groups = min(groups, len(baskets))
    total = np.zeros(N_ITEMS)
    for number, group in enumerate(split(faded, n_groups)):
        total += across ** (groups - 1 - number) * np.mean(group, axis=0)
    return total / n_groups


def split(values: list[np.ndarray], n: int) -> list[list[np.ndarray]]:
    """In n groups of equal size, the last ones larger by one where need be."""
    size, larger = divmod(len(values), n)
    sizes = [size] * (n - larger) + [size + 1] * larger
    ends = np.cumsum(sizes)
    return [values[end - size : end] for size, end in zip(sizes, ends, strict=True)]


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 999),
    groups=st.integers(1, 5),
    k=st.integers(1, 5),
    own=st.sampled_from([0.0, 0.7, 1.0]),
    across=st.sampled_from([0.6, 1.0]),
)
def test_the_steps_of_the_paper(seed: int, groups: int, k: int, own: float, across: float) -> None:
    rng = np.random.default_rng(seed)
    baskets = {
        user: [set(rng.choice(N_ITEMS, rng.integers(1, 4), replace=False).tolist()) for _ in range(rng.integers(1, 9))]
        for user in range(5)
    }
    log = [
        (f"u{user}", f"i{item}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=3 * day), size)
        for user, own_baskets in baskets.items()
        for day, basket in enumerate(own_baskets)
        for item in basket
        for size in range(1 + item % 2)  # two lines of one item are one
    ]
    log += [(f"u{9}", f"i{item}", pd.Timestamp("2024-01-01"), 0) for item in range(N_ITEMS)]
    frame = pd.DataFrame(log, columns=["user_id", "item_id", "time", "_"]).drop(columns="_")
    graph = kg.build(kg.Tables.of(events=frame.astype({"time": "datetime64[us]"})))
    baskets[9] = [set(range(N_ITEMS))]
    found = TIFUKNN(k=k, groups=groups, across=across, own=own).fit(graph).score(graph.query())
    vectors = {user: user_vector(own_baskets, groups, 0.9, across) for user, own_baskets in baskets.items()}
    for row, (user, vector) in enumerate(vectors.items()):
        others = [other for name, other in vectors.items() if name != user]
        distances = [((vector - other) ** 2).sum() for other in others]
        order = np.argsort(distances)
        if k < len(others) and distances[order[k]] - distances[order[k - 1]] < 1e-5:
            continue  # which of two equally near ones speaks is free
        near = np.mean([others[place] for place in order[:k]], axis=0)
        np.testing.assert_allclose(found[row], own * vector + (1 - own) * near, atol=1e-5)


def test_views_make_no_basket() -> None:
    frame = pd.DataFrame(
        [("a", "x", "purchase"), ("b", "x", "purchase"), ("b", "y", "purchase"), ("a", "y", "view")],
        columns=["user_id", "item_id", "kind"],
    )
    graph = kg.build(kg.Tables.of(events=frame))
    scorer = TIFUKNN(own=1.0).fit(graph)
    assert scorer.score(graph.query(["a"]))[0].tolist() == [pytest.approx(scorer.across**6), 0.0]
