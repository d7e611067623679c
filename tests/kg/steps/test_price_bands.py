"""Bands of price, against quantiles by pandas."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kg.config import Derive
from kg.steps.price_bands import price_bands
from kg.tables import Tables


def bands(prices: dict[str, list[float]], n: int, listed: dict[str, float] | None = None) -> dict[str, str]:
    """The band of every item, from what was paid for it and its price in the catalogue."""
    log = [("u", item, price) for item, paid in prices.items() for price in paid]
    events = pd.DataFrame(log, columns=["user_id", "item_id", "price"])
    items = pd.DataFrame(list((listed or {}).items()), columns=["item_id", "price"]) if listed else None
    facts = price_bands(Tables.of(events=events, items=items), Derive(price_bands=n)).facts.execute()
    assert set(facts["relation"]) <= {"price_band"}
    return dict(zip(facts["head"], facts["tail"], strict=True))


def test_bands_hold_as_many_items_each() -> None:
    rng = np.random.default_rng(0)
    prices = {f"i{n}": rng.lognormal(size=5).tolist() for n in range(40)}
    median = pd.Series({item: np.median(paid) for item, paid in prices.items()})
    found = bands(prices, 4)
    expected = pd.qcut(median, 4, labels=False)
    for item, other in zip(median.index, median.index[1:], strict=False):
        assert (found[item] == found[other]) == (expected[item] == expected[other])


def test_a_band_is_named_by_its_prices_and_equal_prices_stay_together() -> None:
    found = bands({"a": [1.0], "b": [1.0], "c": [1.0], "d": [2.5, 2.5, 90.0], "e": [3.0]}, 2)
    assert found["a"] == found["b"] == found["c"] == "1.00"
    assert found["d"] == found["e"] == "2.50 to 3.00"


def test_the_catalogue_knows_better_and_what_is_free_has_no_band() -> None:
    found = bands({"a": [1.0], "b": [50.0], "free": [0.0]}, 2, listed={"a": 99.0, "unsold": 1.5})
    assert found == {"a": "99.00", "b": "1.50 to 50.00", "unsold": "1.50 to 50.00"}
