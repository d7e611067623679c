"""The pages for users are followed as a reader would: files written, lines added to tables, code and commands run."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recsys
from cli.main import DONE, WRONG, run
from kg.config import Check, Derive, Facts, Link, Rule, Section, Shop, Source, Split
from recsys.config import Config, Evaluation, Explanations
from recsys.losses import LOSSES
from recsys.reranking import RERANKERS
from recsys.scorers.lightgcn import LightGCN

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MODULE = re.compile(r"# ((?:kg|recsys|cli)/[\w/]+)\.py\n")
TABLE_LINE = re.compile(r'"([\w-]+)": "([\w.]+:\w+)",  # in (\w+) of ([\w.]+)\n')
FILE = re.compile(r"# ([\w-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ cartograph (.*)\n((?:[^$].*\n|\n)*)", re.MULTILINE)
GUESSED = "# Guessed by `cartograph init`"
READERS_FOLDER = "/home/ann/shop"


def blocks(page: Path) -> list[tuple[str, str]]:
    """(language, text) of every block of a page."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands(text: str) -> Iterator[tuple[list[str], str]]:
    """The words of every command of a console block, and what it is said to print."""
    for words, shown in COMMAND.findall(text):
        yield shlex.split(words), shown


@dataclass
class Reader:
    """Somebody in an empty folder who does what a page says; of `varying` commands the figures are not compared."""

    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    varying: tuple[str, ...] = ("run", "recommend", "explain")
    names: dict[str, Any] = field(default_factory=dict)
    printed: str = ""

    def follow(self, page: Path) -> None:
        for language, text in blocks(page):
            match language:
                case "python" if found := MODULE.match(text):
                    self.make_module(found[1].replace("/", "."), text)
                case "python" if found := TABLE_LINE.fullmatch(text):
                    name, home, table, module = found.groups()
                    self.monkeypatch.setitem(getattr(import_module(module), table), name, home)
                case "python":
                    exec(compile(text, str(page), "exec"), self.names)
                    self.printed = self.capsys.readouterr().out
                case "toml" if text.startswith(GUESSED):
                    assert told(Path("shop.toml").read_text(encoding="utf-8")) == told(text)
                case "toml" if found := FILE.match(text):
                    Path(found[1]).write_text(text, encoding="utf-8")
                case "text":
                    assert told(self.printed) == told(text)
                case "console":
                    self.give(text)

    def make_module(self, name: str, text: str) -> None:
        module = ModuleType(name)
        self.monkeypatch.setitem(sys.modules, name, module)
        exec(compile(text, name, "exec"), vars(module))

    def give(self, text: str) -> None:
        given = list(commands(text))
        assert given
        for words, shown in given:
            code = run([*words, "--threads", "1"])
            printed = self.capsys.readouterr()
            if shown.startswith("Error:"):
                assert code == WRONG
                assert told(shown)[0] in told(printed.err)
                continue
            assert code == DONE, printed.err
            if shown and words[0] not in self.varying:
                assert told(printed.out) == told(shown)


def told(text: str) -> list[list[str]]:
    """The words of every line, whatever the widths of columns; paths as in the folder of the page's reader."""
    text = text.replace(str(Path.cwd()), READERS_FOLDER)
    return [words for line in text.splitlines() if (words := line.replace("─", "").split())]


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Reader:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")  # nothing is folded
    return Reader(monkeypatch, capsys)


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
