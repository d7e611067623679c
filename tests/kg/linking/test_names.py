"""Names and texts as they are compared."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.linking.names import head, letters, normal, ways
from kg.linking.tfidf import Vocabulary

TEXTS = st.text(alphabet="abcdes éüßIs'’-&/().灯杯 1", max_size=30)


@given(TEXTS)
def test_what_is_normal_stays(text: str) -> None:
    assert normal(" ".join(normal(text))) == normal(text)


@given(TEXTS)
def test_case_accents_and_space_make_no_difference(text: str) -> None:
    assert normal(f"  {text.lower()} ") == normal(text.lower())
    assert normal(text.replace("é", "e").replace("ü", "u")) == normal(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tea & Coffee", "tea and coffee"), ("COLOURS", "color"), ("Knives", "knife"), ("T-Lights", "t light")],
)
def test_one_spelling_and_number(one: str, other: str) -> None:
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Mugs", ["Mugs"]),
        ("Candle & Oil Warmers", ["Candle & Oil Warmers", "Candle Warmers", "Oil Warmers"]),
        ("Bath Towels & Washcloths", ["Bath Towels & Washcloths", "Bath Towels", "Washcloths"]),
        ("Screwed (2000 film)", ["Screwed (2000 film)", "Screwed"]),
        ("&", ["&"]),
    ],
)
def test_ways_to_take_a_name(name: str, found: list[str]) -> None:
    assert ways(name) == found


@given(st.text(max_size=20))
def test_a_name_is_its_own_first_way(name: str) -> None:
    assert (ways(name) or [""])[0] == name


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("RED JUG WITH LID", "jug"),
        ("SET OF 3 CAKE TINS", "set"),
        ("SET/3 TINS", "tin"),
        ("OF GOLD", "gold"),
        ("", ""),
        ("3", ""),
    ],
)
def test_what_a_text_is_about(text: str, word: str) -> None:
    assert head(normal(text)) == word


@given(st.lists(st.lists(st.sampled_from(["jug", "lid", "tin", "red"]), max_size=4), min_size=2, max_size=6))
def test_cosines_are_those_of_the_definition_and_symmetric(texts: list[list[str]]) -> None:
    vocabulary = Vocabulary.of(texts)
    rows = vocabulary.vectors(texts)
    found = (rows @ rows.T).toarray()
    for i, one in enumerate(texts):
        for j, other in enumerate(texts):
            assert found[i, j] == pytest.approx(cosine(one, other, texts))
            assert found[i, j] == found[j, i]


@given(st.text(alphabet="abc ", max_size=12), st.text(alphabet="abc ", max_size=12))
def test_letters_in_common_are_symmetric(one: str, other: str) -> None:
    own = [tuple(letters(normal(text))) for text in (one, other)]
    rows = Vocabulary.of(own).vectors(own)
    found = (rows @ rows.T).toarray()
    assert found[0, 1] == found[1, 0]
    assert np.all(found <= 1 + 1e-9)
    assert not own[0] or found[0, 0] == pytest.approx(1)


def cosine(one: list[str], other: list[str], texts: list[list[str]]) -> float:
    idf = {
        word: log((1 + len(texts)) / (1 + sum(word in text for text in texts))) + 1 for text in texts for word in text
    }
    lengths = [sqrt(sum(idf[word] ** 2 for word in set(text))) for text in (one, other)]
    return sum(idf[word] ** 2 for word in {*one} & {*other}) / (lengths[0] * lengths[1]) if all(lengths) else 0.0
