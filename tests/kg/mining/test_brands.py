"""Brands that titles name: of a list, or by how titles begin."""

from __future__ import annotations

from kg.mining.brands import known_brands, leading_brands


def test_a_known_brand_is_as_sure_as_it_is_right_elsewhere() -> None:
    titles = {f"phone {n}": f"Orange phone {n}" for n in range(2)} | {
        f"juice {n}": f"Juice orange {n}" for n in range(6)
    }
    titles |= {"new": "A kettle by Moor and Sons", "odd": "orange vase", "none": "vase"}
    brands = {f"phone {n}": "Orange" for n in range(2)} | {f"juice {n}": "Tree" for n in range(6)}
    found = {item: (name, sure) for item, name, sure in known_brands(titles, brands, ["Moor & Sons"])}
    assert found == {"new": ("Moor & Sons", 1.0), "odd": ("Orange", 4 / 10)}


def test_of_several_names_the_surest_is_said() -> None:
    titles = {"a": "Gift Card by Hale", "b": "Gift Card", "c": "Hale lamp", "d": "Gift Card of Hale"}
    found = list(known_brands(titles, {"a": "Hale", "b": "Moor", "c": "Hale"}, ["Gift Card"]))
    assert found == [("d", "Hale", 1.0)]


def leading(*titles: str) -> dict[str, tuple[str, float]]:
    named = {title: title for title in titles}
    return {item: (name, sure) for item, name, sure in leading_brands(named, {("red",)})}


def test_what_several_titles_begin_with_is_a_brand() -> None:
    found = leading(
        *(f"Buffalo Wild {thing}" for thing in ("mug", "Gift card", "Gift box")),
        *(f"Moor {thing}" for thing in ("lamp", "Gift card", "vase")),
        *(f"Red {thing}" for thing in ("vase", "mug", "Gift")),
        *(f"Lamp {thing}" for thing in ("oil", "shade", "black")),
        *("Hale lamp", "Hale Gift card", "vase for a Gift", "A lamp"),
    )
    assert found["Buffalo Wild Gift card"] == ("Buffalo Wild", 1.0)
    assert found["Moor lamp"] == ("Moor", 1.0)
    assert not [title for title in found if title.startswith(("Hale", "Red", "vase", "A "))]  # too few, a colour, none
    assert found["Lamp oil"] == ("Lamp", 3 / 6)  # three more stand in the middle


def test_titles_in_capitals_name_nothing() -> None:
    assert not leading("MOOR LAMP", "MOOR VASE", "MOOR MUG")
