"""What texts say of items, and in which sense."""

from __future__ import annotations

import pytest

from kg.mining.mining import Mined, Text, mined
from kg.mining.vocabulary import Vocabulary

COLOURS, FLAVOURS = ("Red", "Blue", "Black", "White", "Orange"), ("Vanilla", "Cherry", "Lemon", "Orange")
VOCABULARY = Vocabulary(
    {
        "color": {name: ((name.lower(),),) for name in COLOURS},
        "flavor": {name: ((name.lower(),),) for name in FLAVOURS},
        "material": {"Glass": (("glass",),), "Wood": (("wood",),)},
        "pattern": {"Hearts": (("hearts",),)},
    },
    "test",
)
SHOP = [
    *((f"{colour} {thing}", "home") for colour in ("Red", "Blue", "Black", "White") for thing in ("cushion", "lamp")),
    *((f"{flavour} {thing}", "food") for flavour in ("Vanilla", "Cherry", "Lemon") for thing in ("syrup", "yoghurt")),
]


def said(
    *titles: tuple[str, str | None], only_in: dict[str, tuple[str, ...]] | None = None
) -> dict[str, dict[tuple[str, str], float]]:
    """Title → what is mined of it, in a shop of lamps and of syrups."""
    texts = [
        Text(title, "title", title, (category,) if category else ())
        for title, category in [*titles, *SHOP]
    ]  # fmt: skip
    found: dict[str, dict[tuple[str, str], float]] = {title: {} for title, _ in titles}
    for each in mined(texts, VOCABULARY, only_in or {}):
        found.setdefault(each.item, {})[each.attribute, each.value] = each.confidence
    return found


@pytest.mark.parametrize(
    ("title", "category", "attribute"),
    [
        ("Orange", "home", "color"),
        ("Orange", "food", "flavor"),
        ("Orange cushion", None, "color"),
        ("Orange syrup", None, "flavor"),
    ],
)
def test_a_word_of_two_senses_has_that_of_its_category_or_its_neighbours(
    title: str, category: str | None, attribute: str
) -> None:
    ((sense, confidence),) = said((title, category))[title].items()
    assert sense == (attribute, "Orange")
    assert 0.6 < confidence < 1


def test_where_nothing_tells_the_sense_it_is_not_sure() -> None:
    ((_, confidence),) = said(("Orange something", None))["Orange something"].items()
    assert 0.4 < confidence < 0.7


def test_another_number_is_less_sure_and_a_thing_in_plural_least() -> None:
    found = said(("Glass with a heart", None), ("Glasses with hearts", None))
    assert found["Glass with a heart"] == {("material", "Glass"): 1.0, ("pattern", "Hearts"): 0.9}
    assert found["Glasses with hearts"] == {("material", "Glass"): 0.5, ("pattern", "Hearts"): 1.0}


def test_what_an_item_is_not_is_not_said() -> None:
    title = "Syrup, non-vanilla, without lemon, cherry"
    assert set(said((title, None))[title]) == {("flavor", "Cherry")}


def test_an_attribute_of_some_categories_alone() -> None:
    only_in = {"flavor": ("FOO",), "color": ("home",)}
    found = said(("Orange red lemon", "home > lamps"), ("Orange blue cherry", None), only_in=only_in)
    assert set(found["Orange red lemon"]) == {("color", "Orange"), ("color", "Red")}
    assert not found["Orange blue cherry"]
    assert ("flavor", "Vanilla") in found["Vanilla syrup"]


def test_every_value_is_said_once_at_its_surest_and_of_several_columns() -> None:
    texts = [Text("a", "title", "Glasses"), Text("a", "description", "Of glass, of wood, of wood")]
    assert sorted(mined(texts, VOCABULARY, {}), key=lambda each: each.value) == [
        Mined("a", "material", "Glass", 1.0, "description"),
        Mined("a", "material", "Wood", 1.0, "description"),
    ]
