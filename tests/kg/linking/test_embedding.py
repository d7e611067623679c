"""Words are alike by the company that they keep, and by their letters."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.linking.candidates import Search, Text
from kg.linking.embedding import Embedding, ppmi
from kg.linking.names import normal
from kg.linking.targets import Targets
from kg.linking.tfidf import Vocabulary

PATHS = [
    "Kitchen", "Kitchen > Drinkware", "Kitchen > Drinkware > Mugs", "Kitchen > Drinkware > Tumblers",
    "Toys", "Toys > Flying Toys", "Toys > Flying Toys > Kites", "Toys > Flying Toys > Boomerangs",
    "Garden", "Garden > Planters", "Garden > Planters > Window Boxes", "Garden > Planters > Plant Pots",
]  # fmt: skip
TITLES = ["red mug", "blue mug", "big red kite", "kite with tail", "terracotta plant pot", "mug for tea"]


def targets() -> Targets:
    number = {path: f"c{place}" for place, path in enumerate(PATHS)}
    rows = [(number[path], "label", path.rpartition(" > ")[2]) for path in PATHS]
    rows += [(number[path], "broader", number[up]) for path in PATHS if (up := path.rpartition(" > ")[0])]
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail"])
    return Targets.among(facts.assign(head_type="category", tail_type="category"), "category")


def alike(embedding: Embedding, one: str, other: str) -> float:
    first, second = embedding([normal(one), normal(other)])
    return float(first @ second)


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return Embedding.of([normal(title) for title in TITLES], targets())


def test_a_mug_is_drinkware_and_no_toy(embedding: Embedding) -> None:
    assert alike(embedding, "mug", "drinkware") > max(alike(embedding, "mug", other) for other in ("toys", "planters"))
    assert alike(embedding, "kite", "flying") > alike(embedding, "kite", "drinkware")


def test_letters_are_company_too() -> None:
    """Words that share their letters are nearer than what they have in common otherwise would make them."""
    longer = Embedding.of([*map(normal, TITLES), ("jugband", "odd"), ("jugbands", "even")], targets())
    assert alike(longer, "jugband", "jugbands") > alike(longer, "jugband", "even")


def test_vectors_are_of_length_1_and_the_same_again(embedding: Embedding) -> None:
    again = Embedding.of([normal(title) for title in TITLES], targets())
    np.testing.assert_array_equal(embedding.vectors, again.vectors)
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors, axis=1), 1)
    assert not embedding([("qwerty",), ()]).any()


def test_what_has_no_word_in_common_is_a_candidate() -> None:
    """A taxonomy of which only the top has a name like a text's: what lies below is near."""
    texts = [Text(normal(title)) for title in TITLES]
    asked = [Text(("drinkware",))]
    mugs = targets().number["c2"]
    assert mugs not in Search(targets(), texts)(asked).targets
    found = Search(targets(), texts, Embedding.of([text.words for text in texts], targets()))(asked)
    assert mugs in found.targets
    assert len(set(found.targets.tolist())) == len(found.targets)


def test_a_single_word_has_no_company() -> None:
    facts = pd.DataFrame(
        [{"head": "c", "relation": "label", "tail": "Kite", "head_type": "category", "tail_type": "x"}]
    )
    alone = Embedding.of([("kite",)], Targets.among(facts, "category"))
    assert alone([("kite",)]).shape[0] == 1


@given(st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=6))
def test_ppmi_is_that_of_the_definition(passages: list[set[str]]) -> None:
    vocabulary = Vocabulary.of([sorted(passage) for passage in passages])
    words = list(vocabulary.place)
    counts = {
        (one, other): sum(1 / (len(passage) - 1) for passage in passages if {one, other} <= passage)
        for one in words for other in words if one != other
    }  # fmt: skip
    total = {word: sum(count for (one, _), count in counts.items() if one == word) for word in words}
    smooth = {word: total[word] ** 0.75 for word in words}
    found = ppmi(vocabulary.present([sorted(passage) for passage in passages])).toarray()
    for (one, other), count in counts.items():
        share = smooth[other] / sum(smooth.values()) if count else 1
        expected = max(0.0, math.log(count / (total[one] * share))) if count else 0.0
        assert found[vocabulary.place[one], vocabulary.place[other]] == pytest.approx(expected, abs=1e-9)
    assert not found.diagonal().any()
