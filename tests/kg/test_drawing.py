"""Splits by chance: what they promise, on logs of any shape and in any order of rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import kg
from kg.carves import carves
from kg.config import KgConfig, Split
from kg.config_file import checked
from kg.drawing import codes
from kg.engine import Engine
from kg.errors import KgError
from kg.splitting import Windows, drawn, split

ENGINE = Engine()
Row = tuple[str, str, str]
METHODS = ("random", "k-fold", "cold-items", "cold-users")
KEYS = {"cold-items": ["item_id"], "cold-users": ["user_id"]}


def tables(log: list[Row], start: str | None = None) -> kg.Tables:
    frame = pd.DataFrame(log, columns=["user_id", "item_id", "kind"])
    if start:
        frame["time"] = pd.date_range(start, periods=len(log), freq="h").astype("datetime64[us]")
    return kg.Tables.of(events=frame, engine=ENGINE)


def of(events: object) -> pd.DataFrame:
    columns = ["user_id", "item_id", "kind"]
    return events.select(*columns).to_pandas().sort_values(columns, ignore_index=True)  # type: ignore[attr-defined]


def three(windows: Windows) -> dict[str, pd.DataFrame]:
    return {"train": of(windows.train.events), "validation": of(windows.validation), "test": of(windows.test)}


def log(seed: int, n: int = 60) -> list[Row]:
    rng = np.random.default_rng(seed)
    users, items, kinds = rng.integers(0, 5, n), rng.integers(0, 9, n), rng.integers(0, 2, n)
    return [(f"u{u}", f"i{i}", ("purchase", "view")[k]) for u, i, k in zip(users, items, kinds, strict=True)]


@pytest.mark.parametrize("method", METHODS)
def test_what_is_drawn_is_drawn_whole_and_nothing_is_lost(method: str) -> None:
    section = Split(method=method, seed=3, test_share=0.3, validation_share=0.3, folds=3, fold=1)
    parts = three(drawn(tables(log(1)), section))
    keys = KEYS.get(method, ["user_id", "item_id"])
    kinds = {tuple(row): name for name, part in parts.items() for row in part[keys].itertuples(index=False)}
    for name, part in parts.items():
        assert len(part)
        assert {kinds[tuple(row)] for row in part[keys].itertuples(index=False)} == {name}
    together = pd.concat(parts.values()).sort_values(["user_id", "item_id", "kind"], ignore_index=True)
    assert together.equals(of(tables(log(1)).events))
    again = three(drawn(tables(log(1)[::-1]), section))
    assert all(part.equals(again[name]) for name, part in parts.items())


@given(users=st.lists(st.integers(0, 6), min_size=1, max_size=40), seed=st.integers(0, 9), share=st.floats(0.01, 0.49))
def test_of_every_user_a_share_is_drawn_and_never_all(users: list[int], seed: int, share: float) -> None:
    table = pa.table({"user_id": [f"u{user}" for user in users], "item_id": [f"i{n}" for n in range(len(users))]})
    found = codes(table, Split(method="random", seed=seed, test_share=share, validation_share=share))
    for user in set(users):
        own = found[np.array(users) == user]
        wanted = min(round(share * len(own)), len(own) - 1)
        assert (own == 2).sum() == wanted
        assert (own == 1).sum() == min(round(share * len(own)), len(own) - 1 - wanted)


@given(users=st.lists(st.integers(0, 6), min_size=1, max_size=40), seed=st.integers(0, 9), folds=st.integers(3, 6))
def test_every_pair_is_the_test_of_one_fold_and_the_validation_of_the_one_before(
    users: list[int], seed: int, folds: int
) -> None:
    table = pa.table({"user_id": [f"u{user}" for user in users], "item_id": [f"i{n}" for n in range(len(users))]})
    found = [codes(table, Split(method="k-fold", seed=seed, folds=folds, fold=fold)) for fold in range(folds)]
    assert (np.sum([codes == 2 for codes in found], axis=0) == 1).all()
    for here, there in zip(found, [*found[1:], found[0]], strict=True):
        np.testing.assert_array_equal(here == 1, there == 2)
    sizes = np.array([[(own[np.array(users) == user] == 2).sum() for user in set(users)] for own in found])
    assert (np.ptp(sizes, axis=0) <= 1).all(), "a user's parts are equal"


GRID = [(f"u{user}", f"i{item}", "purchase") for user in range(10) for item in range(10)]


@pytest.mark.parametrize(("method", "key"), [("cold-items", "item_id"), ("cold-users", "user_id")])
def test_hidden_items_and_users_are_so_many_and_wholly_hidden(method: str, key: str) -> None:
    parts = three(split(tables(GRID), Split(method=method, test_share=0.3, validation_share=0.2)))
    assert {name: part[key].nunique() for name, part in parts.items()} == {"train": 5, "validation": 2, "test": 3}


def test_other_seeds_draw_others_and_are_asked_after_all_that_happened() -> None:
    one, other = (split(tables(GRID, "2024-01-01"), Split(method="random", seed=seed)) for seed in (1, 2))
    assert not of(one.test).equals(of(other.test))
    assert one.test_start == one.validation_start == pd.Timestamp("2024-01-05 03:00:01")


@pytest.mark.parametrize("method", METHODS)
def test_other_windows_to_tune_on_are_of_the_same_kind_and_see_nothing_of_the_test(method: str) -> None:
    section = Split(method=method, folds=4)
    windows = split(tables(GRID), section)
    keys = KEYS.get(method, ["user_id", "item_id"])
    held = set(of(windows.test)[keys].itertuples(index=False, name=None))
    found = carves(windows, section, ("purchase",))
    for carve in (next(found), next(found)):
        known, asked = (
            set(of(part)[keys].itertuples(index=False, name=None)) for part in (carve.known.events, carve.asked)
        )
        assert not known & asked
        assert not (known | asked) & held


def test_a_fold_that_there_is_none_of_is_an_error() -> None:
    with pytest.raises(KgError, match="numbered from 0 to 4"):
        checked(KgConfig, {"split": {"method": "k-fold", "fold": 5}}, Path("shop.toml"))
