"""The pages for users are followed as a reader would, and say of every key and choice what it is for."""

from __future__ import annotations

import re
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recsys
from kg.config import Derive, Link, Shop, Split
from kg.source_config import Check, Facts, Rule, Section, Source
from recsys.config import Config, Evaluation, Explanations
from recsys.losses import LOSSES
from recsys.reranking import RERANKERS
from recsys.scorers.lightgcn import LightGCN
from tests.pages import DOCS, ROOT, Reader, blocks


def test_what_extending_says_works(reader: Reader) -> None:
    reader.follow(DOCS / "extending.md")


def test_what_own_data_says_works(reader: Reader) -> None:
    reader.follow(DOCS / "own-data.md")


def test_what_reranking_says_works(reader: Reader) -> None:
    reader.follow(DOCS / "reranking.md")


@pytest.mark.parametrize("kind", RERANKERS)
def test_every_key_of_a_step_is_explained(kind: str) -> None:
    page = (DOCS / "reranking.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\| `{kind}` .*$", page, re.MULTILINE)
    module, name = RERANKERS[kind].split(":")
    own = {field.name for field in fields(getattr(import_module(module), name))} - {"name"}
    assert all(f"`{key}`" in row for key in own)


def test_what_embeddings_says_works(reader: Reader) -> None:
    reader.monkeypatch.setattr("recsys.config.DEFAULT", ("popularity", "ease", "lightgcn"))
    reader.varying = ("demo", "export")
    reader.follow(DOCS / "embeddings.md")


def test_every_way_of_training_is_explained() -> None:
    page = (DOCS / "embeddings.md").read_text(encoding="utf-8")
    assert not [name for name in LOSSES if f'`"{name}"`' not in page]
    told = {"demand", "weighting", "name", "seed", "prior", "output_power", "train_half_life"}
    assert not {key.name for key in fields(LightGCN)} - told - set(re.findall(r"`(\w+)`", page))


def test_what_linking_says_works(reader: Reader) -> None:
    reader.follow(DOCS / "linking.md")


@pytest.mark.parametrize("key", Link.model_fields)
def test_every_key_of_a_link_is_explained(key: str) -> None:
    assert f"| `{key}`" in (DOCS / "linking.md").read_text(encoding="utf-8")


def test_what_sources_says_works(reader: Reader) -> None:
    reader.follow(DOCS / "sources.md")


@pytest.mark.parametrize(
    "text",
    [
        text
        for page in (
            DOCS / "linking.md",
            DOCS / "own-data.md",
            DOCS / "reranking.md",
            DOCS / "sources.md",
            ROOT / "README.md",
            ROOT / "README.zh.md",
        )
        for language, text in blocks(page)
        if language == "toml"
    ],
)
def test_every_config_of_the_pages_is_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(text, encoding="utf-8")
    Config.read(path)


@pytest.mark.parametrize("section", [Config, Shop, Source, Facts, Rule, Check, Derive, Split, Evaluation, Explanations])
def test_every_key_of_a_config_is_explained(section: type[Section]) -> None:
    page = (DOCS / "own-data.md").read_text(encoding="utf-8")
    keys = set(section.model_fields) - {"folder"}
    headings = set(re.findall(r"`\[+([a-z]+)", page))
    assert {key for key in keys if f"`{key}`" not in page} <= headings


@pytest.mark.parametrize("section", [Source, Rule, Derive, Split, Evaluation])
def test_every_choice_of_a_key_is_named(section: type[Section]) -> None:
    page = (DOCS / "own-data.md").read_text(encoding="utf-8")
    literals = re.findall(r"Literal\[(.*?)\]", "".join(str(key.annotation) for key in section.model_fields.values()))
    choices = re.findall(r"'([\w-]+)'", "".join(literals))
    assert choices
    assert not [choice for choice in choices if f'"{choice}"' not in page]


READMES = ("README.md", "README.zh.md")


def test_the_readmes_have_the_same_sections_figures_and_blocks() -> None:
    texts = [(ROOT / page).read_text(encoding="utf-8") for page in READMES]
    for shape in (r"^(#+) ", r"^```(.*)$", r"(?<!\w)[+−]?\.\d+"):
        first, second = (re.findall(shape, text, re.MULTILINE) for text in texts)
        assert first == second


@pytest.mark.parametrize("page", READMES)
def test_the_library_of_the_readme_works(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(ROOT / "configs")
    invoices().to_parquet("online_retail.parquet")
    monkeypatch.setattr("recsys.config.DEFAULT", ("popularity", "ease"))  # quick ones: it is the lines that are tried
    names: dict[str, Any] = {}
    *lines, last = next(text for language, text in blocks(ROOT / page) if language == "python").splitlines()
    exec("\n".join(lines), names)
    assert isinstance(eval(last, names), recsys.Explanation)
    found = names["model"].recommend(["12347"], k=10)
    assert list(found.columns) == ["user_id", "item_id", "rank", "title", "score"]
    assert isinstance(found, pd.DataFrame)


def invoices() -> pd.DataFrame:
    """A made-up log with the columns of UCI's Online Retail, all text."""
    n = 600
    rng = np.random.default_rng(3)
    moments = pd.Timestamp("2011-08-01") + pd.to_timedelta(4 * np.arange(n), unit="h")
    return pd.DataFrame(
        {
            "InvoiceNo": [str(536_000 + row // 3) for row in range(n)],
            "StockCode": rng.choice(["85123A", *(str(22_000 + item) for item in range(40))], n),
            "Description": "CREAM HANGING HEART",
            "Quantity": "2",
            "InvoiceDate": moments.astype(str),
            "UnitPrice": "2.55",
            "CustomerID": [f"{user}.0" for user in rng.integers(12_340, 12_360, n)],
            "Country": "United Kingdom",
        }
    )
