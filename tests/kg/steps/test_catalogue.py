"""The catalogue that a log carries beside the one that a shop gives."""

from __future__ import annotations

import pandas as pd

from kg.config import Derive
from kg.steps.catalogue import catalogue
from kg.tables import Tables


def test_the_most_frequent_value_fills_what_the_shop_left_open() -> None:
    log = [("mug", "Mug", "red"), ("mug", "MUG?", "red"), ("mug", "Mug", "blue"), ("pot", None, None)]
    events = pd.DataFrame([("u", *row) for row in log], columns=["user_id", "item_id", "item_title", "item_colour"])
    items = pd.DataFrame(
        {"item_id": ["pot", "unsold", "mug"], "title": ["Pot", "Unsold", None], "brand": ["a", "b", "c"]}
    )
    found = catalogue(Tables.of(events=events, items=items), Derive()).items.execute().set_index("item_id")
    assert found["title"].to_dict() == {"mug": "Mug", "pot": "Pot", "unsold": "Unsold"}
    assert found["brand"].to_dict() == {"mug": "c", "pot": "a", "unsold": "b"}
    assert found["colour"].dropna().to_dict() == {"mug": "red"}


def test_a_text_that_is_no_price_is_none() -> None:
    events = pd.DataFrame({"user_id": ["u", "u"], "item_id": ["mug", "pot"], "item_price": ["3.5", "cheap"]})
    found = catalogue(Tables.of(events=events), Derive()).items.execute().set_index("item_id")
    assert found["price"].dropna().to_dict() == {"mug": 3.5}
