"""`cartograph tune` on a demo shop: what it says, what training makes of it, and going on after a break."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.main import DONE, INTERRUPTED, WRONG
from tests.cli.conftest import COMMAND, Ask, Shop


def scorers(shop: Shop, stage: str = "train") -> dict[str, Any]:
    """The parameters that the last training, or trial, was given."""
    manifest: dict[str, Any] = json.loads((shop.workspace / stage / "manifest.json").read_text())
    return dict(manifest["inputs"]["scorers"])


def test_training_takes_what_was_found(shop: Shop, cartograph: Ask) -> None:
    answer = cartograph("tune", "popularity", "--trials", 8, "-w", shop.workspace, "--json")
    assert answer.code == DONE
    (row,) = answer.json["scorers"]
    assert (row["name"], row["trials"], row["windows"], row["metric"]) == ("popularity", 8, 3, "ndcg@10")
    assert row["taken"]
    assert row["after"] > row["before"]
    assert set(row["parameters"]) == {"weighting"}
    assert "popularity: trial 8" in answer.err
    assert cartograph("train", "popularity", "-w", shop.workspace).code == DONE
    assert scorers(shop, "trial") == {"popularity": row["parameters"]}
    again = cartograph("train", "popularity", "-w", shop.workspace)
    assert "trial     unchanged" in again.err
    printed = cartograph("tune", "popularity", "--trials", 8, "-w", shop.workspace, "--quiet")
    assert "weighting.half_life" in printed.out
    assert not printed.err


def test_the_query_is_tuned_for_all_who_share_it(shop: Shop, cartograph: Ask) -> None:
    config = shop.config.resolve().with_name("two.toml")
    config.write_text(f"{shop.config.read_text()}\n[scorers]\nuser_knn = {{}}\nitem_knn = {{}}\n")
    assert cartograph("ingest", config, "-w", shop.workspace, "--quiet").code == DONE
    answer = cartograph("tune", "query", "--trials", 12, "--windows", 1, "-w", shop.workspace, "--json")
    (row,) = answer.json["scorers"]
    assert row["windows"] == 1
    assert row["taken"]
    assert cartograph("train", "-w", shop.workspace, "--quiet").code == DONE
    assert scorers(shop) == dict.fromkeys(("user_knn", "item_knn"), row["parameters"])


def test_an_interrupted_search_goes_on(shop: Shop, cartograph: Ask) -> None:
    words = ["tune", "item_knn", "--trials", "400", "-w", str(shop.workspace), "--threads", "1"]
    with subprocess.Popen([COMMAND, *words], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "trial 6" in line:
                break
        process.send_signal(signal.SIGINT)
        told = process.stderr.read()
        assert process.wait() == INTERRUPTED
    assert "Traceback" not in told
    answer = cartograph("tune", "item_knn", "--trials", 7, "-w", shop.workspace, "--json")
    assert answer.code == DONE
    assert answer.json["scorers"][0]["trials"] >= 7
    assert "trial 1," not in answer.err


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["eaze"], "Did you mean 'ease'"),
        (["ease", "--windows", "0"], "windows"),
        (["ease", "--minutes", "-1"], "minutes"),
        (["ease", "--trials", "0"], "trials"),
    ],
)
def test_bad_input_is_named(shop: Shop, cartograph: Ask, words: list[str], problem: str) -> None:
    answer = cartograph("tune", *words, "-w", shop.workspace, "--quiet")
    assert answer.code == WRONG
    assert problem in answer.err


def test_where_nothing_is_left_to_tune_it_says_so(shop: Shop, cartograph: Ask, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for file in (tmp_path / "files").iterdir():
        (own / file.name).symlink_to(file)
    config = own / "given.toml"
    config.write_text(shop.config.read_text() + "\n[scorers.popularity]\nweighting = { half_life = 3 }\n")
    assert cartograph("ingest", config, "-w", shop.workspace, "--quiet").code == DONE
    for words, problem in (([], "nothing to tune of this scorer"), (["query"], "nothing to tune of the query")):
        answer = cartograph("tune", *words, "-w", shop.workspace, "--quiet")
        assert answer.code == WRONG
        assert problem in answer.err
