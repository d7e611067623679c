"""Shopify's form and a TOML file of one's own, alone and together; files that are neither."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.errors import KgError
from kg.mining.vocabulary import read_vocabulary

SHOPIFY = {
    "version": "1",
    "attributes": [
        {
            "id": "gid://shopify/TaxonomyAttribute/1",
            "name": "Color",
            "handle": "color",
            "values": [{"name": name} for name in ("Red", "Rose gold", "Gray", "Other")],
        },
        {
            "name": "Skin care effect",
            "handle": "skin-care-effect",
            "values": [{"name": "Polyvinyl chloride (PVC)"}, {"name": "Retro/Vintage"}, {"name": "10"}, {"name": "L"}],
        },
    ],
}


@pytest.fixture
def shopify(tmp_path: Path) -> Path:
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps(SHOPIFY))
    return path


def test_shopifys_form(shopify: Path) -> None:
    vocabulary = read_vocabulary([shopify])
    assert vocabulary.attributes["color"] == {
        "Red": (("red",),),
        "Rose gold": (("rose", "gold"),),
        "Gray": (("gray",),),
    }
    assert vocabulary.attributes["skin_care_effect"] == {
        "Polyvinyl chloride (PVC)": (("polyvinyl", "chloride"), ("pvc",)),
        "Retro/Vintage": (("retro",), ("vintage",)),
    }
    assert list(vocabulary.only(["color"]).attributes) == ["color"]


def test_ones_own_words_add_to_it(shopify: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text('flavor = ["Mint"]\n[color]\nGray = ["charcoal", "gun-metal"]\nLilac = []\n')
    vocabulary = read_vocabulary([shopify, own])
    assert vocabulary.attributes["color"]["Gray"] == (("gray",), ("charcoal",), ("gun", "metal"))
    assert vocabulary.attributes["color"]["Lilac"] == (("lilac",),)
    assert vocabulary.meanings()[("mint",)] == [("flavor", "Mint")]
    assert vocabulary.source == "attributes.json, own.toml"


def test_an_unknown_attribute_is_told_with_the_nearest(shopify: Path) -> None:
    with pytest.raises(KgError, match=r"no such attribute.*'colour'.*Did you mean 'color'"):
        read_vocabulary([shopify]).only(["colour"])


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("a.json", "{", "not JSON"),
        ("a.json", "[" * 100_000, "not JSON"),
        ("a.json", '{"values": []}', "another form"),
        ("a.json", "[1]", "another form"),
        ("a.json", '{"attributes": [{"handle": "color", "values": [{"name": 3}]}]}', "another form"),
        ("a.toml", "color = [", "not TOML"),
        ("a.toml", 'color = "red"', "another form"),
        ("a.toml", "[color]\nRed = 3", "another form"),
    ],
)
def test_a_file_that_is_no_vocabulary(tmp_path: Path, name: str, text: str, problem: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(KgError, match=problem) as caught:
        read_vocabulary([path])
    assert caught.value.file == path
    assert caught.value.fix


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="cannot be read"):
        read_vocabulary([tmp_path / "none.json"])
