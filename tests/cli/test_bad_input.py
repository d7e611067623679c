"""Every mistake is one clear message and the exit code of the contract; the workspace stays as it was."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from cli.main import FAILED, INTERRUPTED, WRONG
from tests.cli.conftest import COMMAND, Ask, Shop, runs_out_of_disk


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("recommend", "nobody"), "no such user"),
        (("recommend",), "say for whom"),
        (("recommend", "U0000001", "--all"), "say for whom"),
        (("recommend", "--history", "P000001,nothing"), "no such item"),
        (("recommend", "U0000001", "--category", "nonsense"), "no such category"),
        (("recommend", "U0000001", "-k", "0"), "greater than or equal to 1"),
        (("recommend", ""), "id of a user is empty"),
        (("recommend", "U0000001", "--price-min", "9", "--price-max", "3"), "no price is in this range"),
        (("recommend", "U0000001", "--out", "list.doc"), "no such kind of file"),
        (("recommend", "--users", "absent.txt"), "cannot be read"),
        (("explain", "U0000001", "nothing"), "no such item"),
        (("explain", "U0000001"), "say whose item"),
        (("similar", "nothing"), "no such item"),
        (("graph", "path", "item:P000001", "brand:none"), "no such brand"),
        (("graph", "view", "item:P000001"), "say what to write"),
        (("graph", "view", "item:P000001", "--png", "graph.doc"), "End the name in .png"),
        (("graph", "view", "item:none", "--png", "graph.png"), "no such item"),
        (("train", "eaze"), "'ease'"),
        (("evaluate", "--k", "ten"), "not a number from 1"),
        (("run", "absent.toml"), "absent.toml"),
        (("ingest", "log.csv"), "--events log.csv"),
        (("run", "--nonsense"), "--nonsense"),
        (("nonsense",), "nonsense"),
    ],
)
def test_a_mistake_is_one_clear_message(made: Shop, cartograph: Ask, words: tuple[str, ...], told: str) -> None:
    answer = cartograph(*words, "-w", made.workspace, "--json")
    assert answer.code == WRONG
    assert told in answer.err.replace("\n", " ")
    assert "Traceback" not in answer.err
    assert answer.json["error"]["problem"]


def test_nothing_run_yet(tmp_path: Path, cartograph: Ask) -> None:
    for words in (["run"], ["recommend", "U0000001"], ["graph", "stats"]):
        answer = cartograph(*words, "-w", tmp_path / "empty")
        assert answer.code == WRONG
        assert "cartograph run" in answer.err


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[evaluation]\nrepeat = 'include'", "'repeats'"),
        ("[evaluation]\nk = []", "evaluation.k"),
        ("[scorers.eaze]", "'ease'"),
        ("[scorers.ease]\noutput_pwer = 1", "'output_power'"),
        ("[scorers.ease]\nl2 = -1", "l2"),
        ("[shops]", "'shop'"),
        ("[split", "not TOML"),
    ],
)
def test_a_wrong_key_is_told_with_the_right_one(
    made: Shop, cartograph: Ask, tmp_path: Path, line: str, told: str
) -> None:
    config = tmp_path / "shop.toml"
    config.write_text(f"{made.config.read_text()}\n{line}\n")
    answer = cartograph("run", config, "-w", tmp_path / "workspace")
    assert answer.code == WRONG
    assert told in answer.err
    assert str(config) in answer.err
    assert not (tmp_path / "workspace").exists()


def test_one_user_cannot_be_split(tmp_path: Path, cartograph: Ask) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user_id,item_id,time\nann,mug,2024-03-01\n")
    (tmp_path / "shop.toml").write_text("[events]\npath = 'log.csv'\n")
    answer = cartograph("run", tmp_path / "shop.toml", "-w", tmp_path / "workspace")
    assert answer.code == WRONG
    assert "Traceback" not in answer.err
    assert cartograph("ingest", "-w", tmp_path / "workspace", "--json").json["users"] == 1


@pytest.mark.parametrize(
    "place",
    ["graph/all/edges.safetensors", "serve/scorers/ease/state.safetensors", "serve/manifest.json", "serve/recipe.json"],
)
def test_a_flipped_byte_in_an_artifact_is_named_and_mended(shop: Shop, cartograph: Ask, place: str) -> None:
    asked = ("recommend", "U0000001", "-w", shop.workspace, "--json")
    before = cartograph(*asked).json
    path = flipped(shop.workspace / place)
    answer = cartograph(*asked)
    assert answer.code == WRONG
    assert str(path) in answer.err
    assert "`cartograph run" in answer.json["error"]["fix"]
    again = cartograph("run", "-w", shop.workspace, "--json").json
    assert [stage["name"] for stage in again["stages"] if not stage["skipped"]] == [place.split("/")[0]]
    assert cartograph(*asked).json == before


def flipped(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("place", ["ingest/tables/events.parquet", "ingest/manifest.json", "graph/manifest.json"])
def test_damage_further_down_is_mended_too(shop: Shop, cartograph: Ask, place: str) -> None:
    """By what the error of a command that needs the file says, and nothing after it is made anew."""
    command = ("export", "tables", "--out", shop.folder / "out") if place.startswith("ingest") else ("graph", "stats")
    path = flipped(shop.workspace / place)
    answer = cartograph(*command, "-w", shop.workspace)
    assert answer.code == WRONG
    assert str(path) in answer.err
    again = cartograph("run", "-w", shop.workspace, "--json").json
    assert [stage["name"] for stage in again["stages"] if not stage["skipped"]] == [place.split("/")[0]]
    assert cartograph(*command, "-w", shop.workspace).code == 0


def test_a_flipped_byte_in_the_config_of_a_workspace(shop: Shop, cartograph: Ask) -> None:
    path = flipped(shop.workspace / "config.json")
    answer = cartograph("run", "-w", shop.workspace)
    assert answer.code == WRONG
    assert str(path) in answer.err
    assert "cartograph run CONFIG.toml" in answer.err
    path.unlink()
    again = cartograph("run", shop.config.resolve(), "-w", shop.workspace, "--json").json
    assert all(stage["skipped"] for stage in again["stages"])


@pytest.mark.parametrize("words", [("run", "--events", "log.csv"), ("recommend", "U0000001"), ("graph", "stats")])
def test_a_workspace_that_is_a_file(cartograph: Ask, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "log.csv").write_text("user_id,item_id\n")
    answer = cartograph(*words, "-w", tmp_path / "log.csv")
    assert answer.code == WRONG
    assert "a file, not a folder" in answer.err


@pytest.mark.parametrize("largest", [20_000, 250_000])
def test_a_full_disk_harms_nothing(shop: Shop, largest: int) -> None:
    shutil.rmtree(shop.workspace / "train")
    shutil.rmtree(shop.workspace / "graph")
    before = (shop.workspace / "ingest" / "manifest.json").read_bytes()
    runs_out_of_disk(largest, "run", "-w", shop.workspace)
    assert (shop.workspace / "ingest" / "manifest.json").read_bytes() == before


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_killed_goes_on(shop: Shop, cartograph: Ask, how: signal.Signals) -> None:
    shutil.rmtree(shop.workspace / "train")
    words = [COMMAND, "run", "-w", str(shop.workspace), "--threads", "1"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "lightgcn: epoch 1" in line:
                break
        os.kill(process.pid, how)
        said = process.stderr.read()
        code = process.wait()
    assert code == (INTERRUPTED if how == signal.SIGINT else -signal.SIGKILL)
    assert how == signal.SIGKILL or "the same command goes on" in said
    assert not (shop.workspace / "train").exists()
    again = cartograph("run", "-w", shop.workspace, "--json").json
    assert [stage["skipped"] for stage in again["stages"]] == [True, True, False, False, False]
    assert not list(shop.workspace.glob(".*.tmp"))


def test_two_runs_do_not_meet(shop: Shop, cartograph: Ask) -> None:
    shutil.rmtree(shop.workspace / "train")
    words = [COMMAND, "run", "-w", str(shop.workspace), "--threads", "1"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "train" in line:
                break
        answer = cartograph("run", "-w", shop.workspace)
        process.kill()
    assert answer.code == FAILED
    assert f"process {process.pid} is working" in answer.err
