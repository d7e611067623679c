"""Attributes and brands out of texts, as facts beside what is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.config import Derive, KgConfig
from kg.errors import KgError
from kg.steps.brands import brands
from kg.steps.derive import derive
from kg.steps.mined import mined_attributes
from kg.tables import Tables


@pytest.fixture
def vocabulary(tmp_path: Path) -> str:
    path = tmp_path / "words.toml"
    path.write_text('color = ["Red", "Blue"]\nmaterial = ["Glass", "Oak"]\n')
    return str(path)


def shop() -> Tables:
    items = pd.DataFrame(
        [
            ("a", "Hale red glass", None, "Hale", "blue"),
            ("b", "Red Hale mug", "of oak", None, None),
            ("c", None, "glasses, blue", None, None),
            ("d", "Hale mug", None, "Hale", None),
        ],
        columns=["item_id", "title", "description", "brand", "color"],
    )
    events = pd.DataFrame({"user_id": ["u"], "item_id": ["a"]})
    return Tables.of(events=events, items=items)


def facts(tables: Tables) -> set[tuple[str, str, str, float, str]]:
    rows = tables.facts.execute()
    assert (rows["head_type"] == "item").all()
    assert (rows["tail_type"] == rows["relation"]).all()
    return {*rows[["head", "relation", "tail", "confidence", "provenance"]].itertuples(index=False, name=None)}


def test_what_texts_say_where_nothing_is_known(vocabulary: str) -> None:
    assert facts(mined_attributes(shop(), Derive(vocabulary=(vocabulary,)))) == {
        ("a", "material", "Glass", 1.0, "words.toml: title"),  # its colour is known: blue
        ("b", "color", "Red", 1.0, "words.toml: title"),
        ("b", "material", "Oak", 1.0, "words.toml: description"),
        ("c", "color", "Blue", 1.0, "words.toml: description"),  # glasses are not sure to be of glass
    }


def test_which_attributes_where_and_how_sure(vocabulary: str) -> None:
    section = Derive(
        vocabulary=(vocabulary,), mined_attributes=("material",), mined_from=("description",), mined_confidence=0.4
    )
    assert facts(mined_attributes(shop(), section)) == {
        ("b", "material", "Oak", 1.0, "words.toml: description"),
        ("c", "material", "Glass", 0.5, "words.toml: description"),
    }


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"mined_attributes": ("colour",)}, "no such attribute.*Did you mean 'color'"),
        ({"mined_in": {"matrial": ("a",)}}, "no such attribute.*Did you mean 'material'"),
        ({"mined_from": ("titel",)}, "no such column.*Did you mean 'title'"),
    ],
)
def test_what_there_is_not_is_told_with_the_nearest(vocabulary: str, wrong: dict[str, object], told: str) -> None:
    with pytest.raises(KgError, match=told):
        mined_attributes(shop(), Derive.model_validate({"vocabulary": (vocabulary,), **wrong}))


def test_brands_of_the_catalogue_and_of_a_list(tmp_path: Path) -> None:
    assert facts(brands(shop(), Derive(brands=("known",)))) == {("b", "brand", "Hale", 1.0, "known brands: title")}
    listed = tmp_path / "brands.txt"
    listed.write_text("Red Hale\n\n")
    found = facts(brands(shop(), Derive(brands=("known", "leading"), brand_list=str(listed))))
    assert found == {("b", "brand", "Red Hale", 1.0, "known brands: title")}
    with pytest.raises(KgError, match=r"list of brands.*none.txt"):
        brands(shop(), Derive(brands=("known",), brand_list=str(tmp_path / "none.txt")))


def test_all_of_it_is_a_run_of_steps_with_files_beside_the_config(tmp_path: Path, vocabulary: str) -> None:
    config = KgConfig.model_validate(
        {"folder": tmp_path, "derive": {"vocabulary": ["words.toml"], "brands": ["known"]}}
    )
    section = config.at().derive
    assert section.vocabulary == section.files == (vocabulary,)
    found = facts(derive(shop(), section.model_copy(update={"item_attributes": (), "price_bands": 0})))
    assert {relation for _, relation, *_ in found} == {"color", "material", "brand"}
