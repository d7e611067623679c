from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from kg.carving import carved, drawn
from kg.tables import Tables

counts_of_users = st.lists(st.integers(1, 30), min_size=1, max_size=8)


@given(counts_of_users, st.floats(0, 1), st.integers(0, 9))
def test_of_each_user_a_rounded_share_is_drawn_but_never_all(counts: list[int], share: float, seed: int) -> None:
    users = np.repeat(np.arange(len(counts)), counts)
    chosen = drawn(users, share, seed)
    for user, n in enumerate(counts):
        assert chosen[users == user].sum() == min(round(share * n), n - 1)


@given(counts_of_users, st.integers(0, 9))
def test_a_user_draws_by_the_seed_alone(counts: list[int], seed: int) -> None:
    users = np.repeat(np.arange(len(counts)), counts)
    assert (drawn(users, 0.5, seed) == drawn(users, 0.5, seed)).all()


def test_another_seed_draws_others() -> None:
    users = np.zeros(100, dtype=np.int64)
    assert (drawn(users, 0.2, 0) != drawn(users, 0.2, 1)).any()


def log(order: int) -> pd.DataFrame:
    """Two users with ten items, one bought twice; and a test event on an item of train."""
    rows = [(user, f"i{item}", "train") for user in ("ann", "bob") for item in range(10)]
    rows += [("ann", "i3", "train"), ("ann", "i3", "test")]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "part"]).sample(frac=1, random_state=order)


def moved(order: int, seed: int) -> set[tuple[str, ...]]:
    events = carved(Tables.of(log(order)).events, "validation", seed).execute()
    return set(events[["user_id", "item_id", "part"]].itertuples(index=False, name=None))


def test_the_order_of_rows_does_not_matter() -> None:
    assert moved(1, 0) == moved(2, 0)
    assert moved(1, 0) != moved(1, 1)


def test_all_train_events_of_a_pair_go_and_test_stays() -> None:
    for seed in range(20):
        parts = moved(0, seed)
        assert ("ann", "i3", "test") in parts
        assert (("ann", "i3", "validation") in parts) != (("ann", "i3", "train") in parts)
        assert sum(part == "validation" for *_, part in parts) == 4
