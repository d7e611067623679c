"""What every step of `derive` keeps to, whatever it derives."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pandas as pd
import pytest

import kg
from kg.config import Derive
from kg.errors import KgError
from kg.steps.derive import STEPS, derive
from kg.tables import Tables

NOTHING = Derive(item_attributes=(), user_attributes=(), title_attributes=(), price_bands=0, returns=False)
EVERYTHING = Derive(
    relations=("bought_together", "then_bought", "viewed_together", "substitute"),
    popularity_bands=3,
    item_attributes=("brand", "maker"),
    user_attributes=("country",),
    title_attributes=("colour", "material", "set_size", "category", "theme"),
    price_bands=3,
)


def shop(order: int = 0) -> Tables:
    """A small shop, its rows in another order for every `order`."""
    n = 60
    events = pd.DataFrame(
        {
            "user_id": [f"u{i % 7}" for i in range(n)],
            "item_id": [f"i{i * i % 11}" for i in range(n)],
            "kind": ["return" if i % 13 == 5 else "purchase" for i in range(n)],
            "quantity": [1.0 + i % 3 for i in range(n)],
            "price": [1.0 + (i * i % 11) / 4 for i in range(n)],
            "item_maker": [f"m{i * i % 11 % 3}" if i % 4 else None for i in range(n)],
            "user_country": [f"c{i % 7 % 2}" for i in range(n)],
        }
    )
    items = pd.DataFrame(
        {
            "item_id": [f"i{i}" for i in range(12)],
            "title": [f"RED GLASS HEART {word}" for word in ("BOWLS", "BOWL", "SET/3 TINS", "TIN OF TEA") * 3],
            "brand": ["a", None, "b"] * 4,
        }
    )
    shuffled = [frame.sample(frac=1, random_state=order) if order else frame for frame in (events, items)]
    return Tables.of(events=shuffled[0], items=shuffled[1])


def step(name: str) -> Any:
    module, function = STEPS[name].split(":")
    return getattr(import_module(module), function)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_is_not_asked_for_changes_nothing_but_the_catalogue(name: str) -> None:
    before = shop()
    after = step(name)(before, NOTHING)
    assert after.facts.count().execute() == 0
    pd.testing.assert_frame_equal(after.events.execute(), before.events.execute())


@pytest.mark.parametrize("name", STEPS)
def test_no_event_is_lost_and_every_fact_is_whole(name: str) -> None:
    before = step("catalogue")(shop(), EVERYTHING)
    after = step(name)(before, EVERYTHING)
    assert after.events.count().execute() == before.events.count().execute()
    facts = after.facts.execute()
    required = ["head", "relation", "tail", "head_type", "tail_type", "literal", "provenance"]
    assert facts[required].notna().all(axis=None)
    known = (
        set(after.items.item_id.execute()) | set(after.users.user_id.execute()) | set(before.events.item_id.execute())
    )
    assert set(facts["head"]) <= known


@pytest.mark.parametrize("name", STEPS)
def test_what_becomes_of_an_event_depends_on_the_events_of_its_pair_alone(name: str) -> None:
    """So an updated graph may keep the edges of all other pairs."""
    whole = shop()
    events = whole.events
    half = whole.with_events(events.filter(events.item_id > "i3"))
    pairs = half.events.select("user_id", "item_id").distinct()
    assert 0 < pairs.count().execute() < events.select("user_id", "item_id").distinct().count().execute()
    found, wanted = (
        step(name)(tables, EVERYTHING).events.semi_join(pairs, ["user_id", "item_id"]).execute()
        for tables in (step("catalogue")(half, EVERYTHING), step("catalogue")(whole, EVERYTHING))
    )
    columns = ["user_id", "item_id", "kind", "quantity", "value"]
    found, wanted = (frame.sort_values(columns, ignore_index=True)[columns] for frame in (found, wanted))
    pd.testing.assert_frame_equal(found, wanted)


def test_the_order_of_rows_never_matters() -> None:
    graphs = [kg.build(derive(shop(order), EVERYTHING)) for order in (0, 1, 2)]
    assert len({graph.hash for graph in graphs}) == 1
    assert {"brand", "maker", "country", "colour", "material", "price_band"} <= set(graphs[0].nodes)


def test_an_attribute_that_is_no_column_is_told_with_the_nearest() -> None:
    with pytest.raises(KgError, match=r"derive.item_attributes.*'brnd'.*Did you mean 'brand'"):
        derive(shop(), Derive(item_attributes=("brnd",)))
