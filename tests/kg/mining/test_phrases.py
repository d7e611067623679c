"""Phrases are found whatever their case, hyphens, number and spelling, the longest first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.mining.phrases import Phrases, words

LISTED = ["red", "rose gold", "gold", "faux fur", "fur", "leaf", "glove", "hearts", "berry", "tie dye", "wood", "gray"]


def found(text: str, *listed: str) -> list[tuple[str, bool]]:
    phrases = Phrases(words(phrase) for phrase in listed or LISTED)
    return [(" ".join(match.words), match.exact) for match in phrases.matches(words(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("RED BOWL", [("red", True)]),
        ("Rose-Gold ring, gold chain", [("rose gold", True), ("gold", True)]),
        ("faux  fur collar", [("faux fur", True)]),
        ("LEAVES and gloves & berries", [("leaf", False), ("glove", False), ("berry", False)]),
        ("a heart", [("hearts", False)]),
        ("tie-dye", [("tie dye", True)]),
        ("WOODEN box in grey", [("wood", True), ("gray", True)]),
        ("redder furniture", []),
        ("", []),
    ],
)
def test_phrases_in_titles(text: str, expected: list[tuple[str, bool]]) -> None:
    assert found(text) == expected


def test_of_singular_and_plural_in_the_list_the_text_decides() -> None:
    assert found("two hearts, a heart", "heart", "hearts") == [("hearts", True), ("heart", True)]


WORDS = st.sampled_from(["red", "rose", "gold", "fur"])


@given(
    text=st.lists(WORDS, max_size=8).map(tuple),
    listed=st.lists(st.lists(WORDS, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5),
)
def test_at_each_place_the_longest_phrase_is_taken(text: tuple[str, ...], listed: list[tuple[str, ...]]) -> None:
    expected, place = [], 0
    while place < len(text):
        here = [phrase for phrase in listed if text[place : place + len(phrase)] == phrase]
        longest = max(here, key=len, default=())
        if longest:
            expected.append((place, longest))
        place += max(len(longest), 1)
    assert [(match.start, match.words) for match in Phrases(listed).matches(text)] == expected
