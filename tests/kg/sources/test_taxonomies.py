"""Taxonomies of Google and Shopify: ids as they are, names by language, the mapping; what is wrong is named."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.config import KgConfig
from kg.errors import KgError
from kg.reading import ingest
from kg.sources.taxonomies import read_taxonomies

ENGLISH = (
    "# Google_Product_Taxonomy_Version: 1\n8 - Home & Garden\n9 - Home & Garden > Lamps\n10 - Home & Garden > Ties\n"
)
CHINESE = "# 1\n8 - 家居与园艺\n9 - 家居与园艺 > 灯\n"
LIST = """# Shopify
gid://shopify/TaxonomyCategory/hg     : Home
gid://shopify/TaxonomyCategory/hg-1   : Home > Lamps
gid://shopify/TaxonomyCategory/hg-1-1 : Home > Lamps > Desk Lamps
"""
PARTS = """---
- id: hg
  name: Home
  children: [hg-1]
  attributes: []
- id: hg-1
  name: Lamps
  children: []
  attributes: [color, lamp_shape]
"""
MAPPING = """# Mapping
→ Home
⇒ Home & Garden

→ Home > Lamps
⇒ Home & Garden > Lamps

→ Home > Lamps > Desk Lamps
⇒ Home & Garden > Lamps > Lamps of 2021

→ Home > Not here
⇒ Home & Garden
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "de").mkdir()
    for name, text in {
        "google.en-US.txt": ENGLISH,
        "google.zh-CN.txt": CHINESE,
        "shopify.txt": LIST,
        "hg.yml": PARTS,
        "to_google.txt": MAPPING,
        "de/shopify.txt": LIST.replace("Desk Lamps", "Tischlampen"),
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def rows(facts: pd.DataFrame | None, relation: str) -> set[tuple[str, ...]]:
    assert facts is not None
    own = facts[facts["relation"] == relation]
    return set(own[["head_type", "head", "tail_type", "tail"]].itertuples(index=False, name=None))


def test_a_taxonomy_in_two_languages(folder: Path) -> None:
    facts = read_taxonomies({"google": ["google.en-US.txt", "google.zh-CN.txt"]}, folder)
    assert rows(facts, "broader") == {("google", "9", "google", "8"), ("google", "10", "google", "8")}
    assert ("google", "9", "string", "Lamps") in rows(facts, "label")
    assert rows(facts, "alt_label") == {
        ("google", "8", "string@zh-CN", "家居与园艺"),
        ("google", "9", "string@zh-CN", "灯"),
    }
    chinese = rows(read_taxonomies({"google": ["google.en-US.txt", "google.zh-CN.txt"]}, folder, ["zh"]), "label")
    assert chinese == {
        (*("google", "8", "string"), "家居与园艺"),
        ("google", "9", "string", "灯"),
        ("google", "10", "string", "Ties"),
    }


def test_several_taxonomies_and_the_mapping_between_them(folder: Path) -> None:
    paths = {"google": ["google.*.txt"], "shopify": ["hg.yml", "shopify.txt", "de/shopify.txt", "to_google.txt"]}
    facts = read_taxonomies(paths, folder)
    gid = "gid://shopify/TaxonomyCategory/hg"
    assert rows(facts, "close_match") == {
        ("shopify", gid, "google", "8"),
        ("shopify", f"{gid}-1", "google", "9"),
        ("shopify", f"{gid}-1-1", "google", "9"),  # Google has no such category: the nearest above it
    }
    assert rows(facts, "attribute") == {("shopify", f"{gid}-1", "attribute", one) for one in ("color", "lamp_shape")}
    assert ("shopify", f"{gid}-1-1", "string@de", "Tischlampen") in rows(facts, "alt_label")
    assert len(rows(facts, "broader")) == 4


def test_ids_are_kept_literally(tmp_path: Path) -> None:
    strange = ["../x", '"q"', "a'b", "=1+1", "🙂", "שלום"]
    (tmp_path / "t.txt").write_text("".join(f"{id_} - T{n}\n" for n, id_ in enumerate(strange)), encoding="utf-8")
    assert {head for _, head, *_ in rows(read_taxonomies({"c": ["t.txt"]}, tmp_path), "label")} == set(strange)


@pytest.mark.parametrize(
    ("name", "text", "problem", "row"),
    [
        ("a.txt", "1 - A\nB > C\n", "no category stands", 2),
        ("a.txt", "1 - A\n1 - B\n", "stands there twice.*row 1", 2),
        ("a.txt", "1 - A\n2 - A\n", "stands there twice.*row 1", 2),
        ("a.txt", "1 - A\n2 - B > C\n", "parent of a category is missing", 2),
        ("a.yml", "- id: [\n", "not YAML", 2),
        ("a.yml", "- name: x\n", "another form", None),
        ("a.yml", "- id: 3\n  name: x\n", "another form", None),
        ("a.yml", "a: b\n", "another form", None),
        ("a.csv", "", "in no format we read", None),
        ("m.txt", "→ A\n→ B\n", "no categories", None),
    ],
)
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str, text: str, problem: str, row: int | None) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(KgError, match=problem) as caught:
        read_taxonomies({"c": [name]}, tmp_path)
    assert caught.value.row == row
    assert caught.value.fix


@pytest.mark.parametrize(
    ("text", "problem"), [("→ A\nB\n", "no part of a mapping"), ("→ A\n⇒ X\n", "no taxonomy that is given")]
)
def test_a_mapping_that_leads_nowhere(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "t.txt").write_text("1 - A\n")
    (tmp_path / "m.txt").write_text(text, encoding="utf-8")
    with pytest.raises(KgError, match=problem):
        read_taxonomies({"c": ["t.txt", "m.txt"]}, tmp_path)


def test_a_cycle_is_named(tmp_path: Path) -> None:
    text = "- {id: a, name: A, children: [b]}\n- {id: b, name: B, children: [a]}\n"
    (tmp_path / "t.yml").write_text(text)
    with pytest.raises(KgError, match="cycle") as caught:
        read_taxonomies({"c": ["t.yml"]}, tmp_path)
    assert str(caught.value.value).count("TaxonomyCategory") == 3


def test_a_config_names_them(folder: Path) -> None:
    (folder / "log.csv").write_text("user_id,item_id\nann,1\n")
    taxonomy = {"google": "google.en-US.txt", "shopify": ("shopify.txt", "to_google.txt")}
    config = {"folder": folder, "events": {"path": "log.csv"}, "taxonomy": taxonomy}
    tables = ingest(KgConfig.model_validate(config))[0]
    assert set(tables.facts.head_type.execute()) == {"google", "shopify"}
