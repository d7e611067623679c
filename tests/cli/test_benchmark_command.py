"""`cartograph benchmark` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import WRONG
from tests.cli.conftest import Ask
from tests.kg.published.files import kgat, written

TRAIN = "".join(f"{user} {' '.join(str((user + item) % 12) for item in range(6))}\n" for user in range(20))
TEST = "".join(f"{user} {(user + 7) % 12}\n" for user in range(20))


SHOP = """
[events]
path = "log.csv"
columns = { user_id = "who", item_id = "what" }
[facts]
path = "facts.csv"
columns = { head = "head", relation = "relation", tail = "tail", head_type = "'item'", tail_type = "relation" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return kgat(tmp_path / "data", TRAIN, TEST)


def test_json_has_the_data_and_a_row_per_scorer_and_seed(folder: Path, tmp_path: Path, cartograph: Ask) -> None:
    words = ("benchmark", folder, "--scorers", "popularity,item_knn", "--seeds", 2, "-w", tmp_path / "workspace")
    document = cartograph(*words, "--json").json
    assert document["data"]["name"] == "data"
    assert document["data"]["test"] == 20
    assert document["protocol"]["k"] == [20, 10]
    names = ["popularity", "item_knn", "fusion"] * 2
    assert [row["scorer"] for row in document["results"]] == names
    for row in document["results"]:
        assert {"seed", "metrics", "fit_seconds", "users_per_second", "peak_mb"} <= set(row)
    again = cartograph(*words, "--json")
    assert again.json == document
    assert again.err.count("unchanged") == len(names)


def test_the_table_on_a_terminal_and_in_a_file(folder: Path, tmp_path: Path, cartograph: Ask) -> None:
    out = tmp_path / "table.md"
    words = ("benchmark", folder, "--scorers", "popularity,item_knn", "-w", tmp_path / "workspace", "--out", out)
    answer = cartograph(*words, "--quiet")
    assert (answer.code, answer.err) == (0, "")
    for told in ("20 users, 12 items", "item_knn", "fusion", "users/s", "Leak check: 0 pairs"):
        assert told in answer.out
    assert "| fusion |" in out.read_text()


def test_a_shops_file_is_a_data_set_with_its_catalogue(tmp_path: Path, cartograph: Ask) -> None:
    rows = "".join(f"u{user},i{(user + item) % 12},{item}\n" for user in range(20) for item in range(6))
    facts = "".join(f"i{item},brand,{'ab'[item // 6]}\n" for item in range(12))
    folder = written(tmp_path / "shop", log__csv=f"who,what,value\n{rows}", facts__csv=f"head,relation,tail\n{facts}",
                     shop__toml=SHOP)  # fmt: skip
    words = ("benchmark", folder / "shop.toml", "--split", "cold-items", "--share", 0.25, "-w", tmp_path / "w")
    document = cartograph(*words, "--scorers", "popularity,content_knn", "--json").json
    assert (document["data"]["form"], document["data"]["facts"]) == ("shop", 12)
    assert document["data"]["items_only_in_test"] == 3
    assert "cold_overall" in document["results"][1]["groups"]


def test_one_scorer_has_no_fusion(folder: Path, tmp_path: Path, cartograph: Ask) -> None:
    rows = cartograph("benchmark", folder, "--scorers", "popularity", "-w", tmp_path / "w", "--json").json["results"]
    assert [row["scorer"] for row in rows] == ["popularity"]


@pytest.mark.parametrize(
    ("files", "words", "told"),
    [
        ({}, (), "KGAT: train.txt and test.txt"),
        ({"train__txt": "0 1 2\n", "test__txt": "0 x\n"}, (), "row 1, value 'x'"),
        ({"train__txt": "", "test__txt": "0 1\n"}, (), "is empty"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--scorers", "eaze"), "'ease'"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--seeds", "0"), "--seeds"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--split", "time"), "have no time"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--split", "cold-items"), "no event of the window can be asked"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--events", "log.csv"), "only a shop's file"),
        ({"train__txt": TRAIN, "test__txt": TEST}, ("--out", "table.doc"), "End --out in .md"),
    ],
)
def test_a_mistake_is_one_clear_message(
    tmp_path: Path, cartograph: Ask, files: dict[str, str], words: tuple[str, ...], told: str
) -> None:
    answer = cartograph("benchmark", written(tmp_path / "data", **files), *words, "-w", tmp_path / "w", "--json")
    assert answer.code == WRONG
    assert told in answer.err.replace("\n", " ")
    assert answer.json["error"]["problem"]
