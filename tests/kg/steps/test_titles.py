"""What titles say, on titles whose meaning is plain."""

from __future__ import annotations

from collections import defaultdict

import pytest

from kg.steps.titles import said

BOWLS = {f"bowl {n}": f"CERAMIC BOWL NUMBER {word}" for n, word in enumerate(("ONE", "TWO"))}
OTHERS = {f"other {n}": f"QQ{chr(97 + n) * 3} OBJECT" for n in range(40)}


def told(titles: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item, attribute, value in said(titles | OTHERS):
        found[item][attribute].add(value)
    return found


def test_colours_and_materials_are_listed_words() -> None:
    found = told({"a": "Red & WHITE glass bowl", "b": "redder bowl"})
    assert found["a"]["colour"] == {"red", "white"}
    assert found["a"]["material"] == {"glass"}
    assert not found["b"]["colour"]


@pytest.mark.parametrize(
    ("title", "size"),
    [
        ("SET OF 3 CAKE TINS", "set of 3"),
        ("SET/4 SPRING DECORATIONS", "set of 4"),
        ("PACK OF 12 TISSUES", "set of 12"),
        ("CUTLERY, 24 PCS", "set of 24"),
        ("TEA SET", None),
        ("LARGE 30CM BOWL", None),
    ],
)
def test_the_size_of_a_set(title: str, size: str | None) -> None:
    assert told({"a": title})["a"]["set_size"] == ({size} if size else set())


def test_the_category_is_the_noun_before_the_first_joint() -> None:
    titles = {f"t{n}": f"HEART {word} TIN" for n, word in enumerate(("TEA", "JAM", "NUT", "OIL", "BUN"))}
    titles |= {"with": "CAKE TINS WITH RIBBON", "rare": "PARTY HAT", "set": "SET OF 3 TINS"}
    found = told(titles)
    assert found["t0"]["category"] == found["with"]["category"] == found["set"]["category"] == {"tin"}
    assert not found["rare"]["category"]


def test_a_theme_is_shared_by_several_titles_and_not_by_many() -> None:
    found = told({"a": "PARTY HAT", "b": "PARTY FLAG", "c": "LONELY STICK"})
    assert found["a"]["theme"] == found["b"]["theme"] == {"party"}
    assert not found["c"]["theme"]
    assert not found["other 0"]["theme"]  # "object" is in nearly all titles


def test_a_plural_is_its_singular_where_that_is_a_word_too() -> None:
    found = told({"a": "BERRIES JAM", "b": "BERRY TEA", "c": "BOXES LID", "d": "GLASSES", "e": "BRASS BELL"})
    assert found["a"]["theme"] & found["b"]["theme"] == {"berry"}
    assert found["e"]["material"] == {"brass"}
    assert "lid" not in found["c"]["theme"]
