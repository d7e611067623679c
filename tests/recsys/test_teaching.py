"""What training spends on the window before validation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from kg.carves import Carve, before
from kg.config import Derive, Split
from kg.splitting import split
from recsys.config import Evaluation
from recsys.recipe import Conditions, Recipe
from recsys.scorers import memory
from recsys.teaching import Silent, fitted_before, tuned
from recsys.windows import Window, window, window_if_any

SPLIT = Split(validation_start=datetime(2024, 3, 11), test_start=datetime(2024, 3, 21))
KINDS = ("purchase",)


@pytest.fixture(scope="module")
def two() -> tuple[Window, Window]:
    """Validation and the window before it, of people who buy at random."""
    rng = np.random.default_rng(0)
    log = pd.DataFrame(
        {
            "user_id": [f"u{user}" for user in rng.integers(0, 8, 400)],
            "item_id": [f"i{item}" for item in rng.integers(0, 30, 400)],
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 90, 400), "D"),
        }
    ).astype({"time": "datetime64[us]"})
    cut = split(kg.Tables.of(events=log), SPLIT)
    validation = window(Carve(cut.train, cut.validation, cut.validation_start), Derive(), KINDS)
    earlier = window_if_any(before(cut, SPLIT, KINDS), Derive(), KINDS)
    assert earlier is not None
    return validation, earlier


def fits(name: str, given: dict[str, Any], validation: Window, earlier: Window | None) -> int:
    said: list[str] = []
    tuned(name, given, validation, Evaluation(), Conditions(say=lambda text, _=None: said.append(text)), 0, earlier)
    return said.count(f"fitting {name}")


@pytest.mark.parametrize(("name", "more"), [("ease", 1), ("popularity", 0), ("lightgcn", 0)])
def test_the_window_before_costs_one_fit_where_that_is_cheap(name: str, more: int, two: tuple[Window, Window]) -> None:
    """Nothing of popularity is tried without a fit; LightGCN would train again."""
    given = {"embedding_size": 4, "n_epochs": 1} if name == "lightgcn" else {}
    if name == "ease":  # so that what the window before says changes nothing of what is tried after it
        given = {"train_half_life": 90, "l2": 3.0}
    assert fits(name, given, *two) == fits(name, given, two[0], None) + more


def test_what_cannot_be_fitted_again_is_silent_in_the_window_before(
    two: tuple[Window, Window], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, said = Recipe({"lightgcn": {}, "popularity": {}, "ease": {}}, {}), list[str]()
    conditions = Conditions(say=lambda text, _=None: said.append(text))
    assert fitted_before(recipe, None, conditions) is None
    parts, asked = fitted_before(recipe, two[1], conditions) or ({}, two[1].holdout)
    assert [name for name, part in parts.items() if isinstance(part, Silent)] == ["lightgcn"]
    assert np.isnan(parts["lightgcn"].score(asked.query)).all()
    monkeypatch.setattr(memory, "available", lambda: 0)
    parts, _ = fitted_before(recipe, two[1], conditions) or ({}, asked)
    assert [name for name, part in parts.items() if isinstance(part, Silent)] == ["lightgcn", "ease"]
    assert "validation alone tells of ease: EASE on 8 rows needs" in said[-1]
