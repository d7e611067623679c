"""Prices the catalogue lacks are what was paid, and the numbers of the catalogue reach the graph."""

from __future__ import annotations

import numpy as np
import pandas as pd

import kg
from kg.config import Derive
from kg.steps.derive import derive
from kg.steps.prices import prices
from kg.tables import Tables


def shop(items: pd.DataFrame | None = None) -> Tables:
    log = [
        ("a", 1.0, "purchase"),
        ("a", 3.0, "purchase"),
        ("a", 90.0, "return"),
        ("b", 5.0, "view"),
        ("c", 0.0, "view"),
    ]
    events = pd.DataFrame(log, columns=["item_id", "price", "kind"]).assign(user_id="u")
    return Tables.of(events=events, items=items)


def test_what_was_paid_fills_the_gaps_and_the_catalogue_comes_first() -> None:
    items = pd.DataFrame({"item_id": ["a", "b", "d"], "price": [None, 7.0, None], "shelf": ["x", "y", "z"]})
    found = prices(shop(items), Derive()).items.execute().set_index("item_id")
    assert (found["price"]["a"], found["price"]["b"]) == (2.0, 7.0)
    assert np.isnan(found["price"]["d"])
    assert found["shelf"].to_dict() == {"a": "x", "b": "y", "d": "z"}


def test_items_that_no_catalogue_lists_have_prices_too() -> None:
    graph = kg.build(derive(shop(), Derive()))
    priced = dict(zip(graph.nodes["item"].ids.ids, graph.features["item"]["price"].tolist(), strict=True))
    assert (priced["a"], priced["b"]) == (2.0, 5.0)
    assert np.isnan(priced["c"])


def test_stock_and_margin_are_features_where_the_shop_says_so() -> None:
    items = pd.DataFrame({"item_id": ["a", "b", "c"], "stock": [4.0, None, 0.0]})
    features = kg.build(shop(items)).features["item"]
    assert set(features) == {"price", "stock"}
    np.testing.assert_array_equal(features["stock"], np.array([4, np.nan, 0], np.float32))
    assert set(kg.build(shop()).features["item"]) == {"price"}
