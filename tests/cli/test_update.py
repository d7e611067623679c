"""New days in a workspace: it becomes what reading everything at once would have made, or stays as it was."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cli.main import WRONG
from kg.config import DEMO
from kg.demo_shop import DemoShop, generate
from recsys.stages import Job, remembered
from recsys.workspace import Workspace
from tests.cli.conftest import Answer, Ask

NEWCOMER, NEW_ITEM = "U0000040", "P-NEW"
GRAPHS = ("train", "train_validation", "all")
QUICK = "\n[scorers.popularity]\n[scorers.repeat]\n[scorers.ease]\n[evaluation]\nresamples = 20\n"

HEADER = "user_id,item_id,event_type,event_time,rating,quantity,price,session_id\n"


@dataclass(frozen=True)
class Days:
    """A shop that was run on its log but for the last tenth and one user, which `more` holds."""

    folder: Path

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    @property
    def more(self) -> Path:
        return self.folder / "files" / "more.csv"

    @property
    def words(self) -> tuple[object, ...]:
        return ("update", "--events", self.more, "-w", self.workspace)

    def hashes(self) -> list[str]:
        return hashes(self.workspace)


def hashes(workspace: Path) -> list[str]:
    return [json.loads((workspace / "graph" / name / "manifest.json").read_bytes())["hash"] for name in GRAPHS]


def every_file(workspace: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in workspace.rglob("*") if path.is_file() and path.name != ".lock"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Days:
    from cli.main import run

    folder = tmp_path_factory.mktemp("days")
    files = folder / "files"
    generate(DemoShop(users=60, items=50, events=1_500), files)
    log = pd.read_csv(files / "events.csv", dtype=str)
    late = (log["event_time"] >= log["event_time"].sort_values().iloc[-150]) | (log["user_id"] == NEWCOMER)
    log[~late].to_csv(files / "events.csv", index=False)
    pd.concat([log[late], log[~late].iloc[:40]]).to_csv(files / "more.csv", index=False)
    users = pd.read_csv(files / "users.csv", dtype=str)
    users[users["user_id"] != NEWCOMER].to_csv(files / "users.csv", index=False)
    users[users["user_id"] == NEWCOMER].to_csv(files / "newcomers.csv", index=False)
    (files / "demo.toml").write_text(DEMO.read_text(encoding="utf-8") + QUICK, encoding="utf-8")
    words = ["run", files / "demo.toml", "-w", folder / "workspace", "--threads", "1", "--quiet", "--json"]
    assert run([str(word) for word in words]) == 0
    return Days(folder)


@pytest.fixture
def days(made: Days, tmp_path: Path) -> Days:
    """A copy that a test may harm."""
    shutil.copytree(made.workspace, tmp_path / "workspace")
    (tmp_path / "files").symlink_to(made.folder / "files")
    return Days(tmp_path)


def best(cartograph: Ask, workspace: Path, user: str) -> Any:
    return cartograph("recommend", user, "-w", workspace, "--json").json


def test_an_updated_workspace_is_one_that_read_everything_at_once(days: Days, cartograph: Ask) -> None:
    catalogue = pd.read_csv(days.folder / "files" / "items.csv", dtype=str)
    changed = catalogue.iloc[[0, 0]].assign(price="999.5", title="Now dear", brand="Newbrand")
    changed.iloc[1, 0] = NEW_ITEM
    changed.to_csv(days.folder / "items.csv", index=False)
    assert "no such user" in cartograph("recommend", NEWCOMER, "-w", days.workspace).err
    learned = every_file(days.workspace / "train")

    catalogues = ("--items", days.folder / "items.csv", "--users", days.folder / "files" / "newcomers.csv")
    told = cartograph(*days.words, *catalogues, "--json").json
    assert [stage["name"] for stage in told["stages"]] == ["ingest", "graph", "serve"]
    assert told["outdated"] == ["train", "evaluate"]
    log = pd.read_csv(days.more)
    assert 1 <= told["changed"]["users"] <= log["user_id"].nunique()
    assert 150 < told["changed"]["edges"] <= len(log) - 40
    assert every_file(days.workspace / "train") == learned

    whole = Workspace(days.folder / "whole")
    read, *_ = Job(whole, remembered(Workspace(days.workspace)), threads=1).run("graph")
    assert days.hashes() == hashes(whole.folder)
    assert {name: told[name] for name in read.result} == json.loads(json.dumps(read.result))

    first, *_ = best(cartograph, days.workspace, NEWCOMER)
    why = cartograph("explain", NEWCOMER, first["item_id"], "-w", days.workspace, "--json").json
    assert (why["rank"], why["score"]) == (1, pytest.approx(first["score"], rel=1e-4))
    dear = cartograph("recommend", NEWCOMER, "--price-min", 999, "-k", 50, "-w", days.workspace, "--json").json
    assert {row["item_id"] for row in dear} == {catalogue["item_id"][0], NEW_ITEM}
    assert "Passed" in cartograph("graph", "check", "-w", days.workspace).out

    assert cartograph("graph", "build", "-w", days.workspace).err.count("unchanged") == 2
    again = cartograph("train", "popularity", "-w", days.workspace)
    assert "train     unchanged" not in again.err


def test_a_catalogue_of_the_same_name_takes_the_place_of_the_old_one(days: Days, cartograph: Ask) -> None:
    files = days.folder / "own"
    shutil.copytree(days.folder / "files", files)
    catalogue = pd.read_csv(files / "items.csv", dtype=str)
    words = ("--items", files / "items.csv", "-w", days.workspace, "--json")
    assert cartograph("graph", "build", files / "demo.toml", "-w", days.workspace).code == 0
    catalogue.iloc[1:].assign(title="Other").to_csv(files / "items.csv", index=False)
    assert cartograph("update", *words).code == WRONG  # what is served is of other stages
    shutil.rmtree(days.workspace / "serve")
    told = cartograph("update", *words).json
    assert told["changed"] == {"users": 0, "items": len(catalogue), "edges": 0}
    assert [stage["name"] for stage in told["stages"]] == ["ingest", "graph"]
    remade = cartograph("graph", "build", "-w", days.workspace)
    assert remade.err.count("unchanged") == 2


def said(cartograph: Ask, days: Days, *words: object) -> tuple[str, Answer]:
    """What is wrong with an update, which leaves everything as it was."""
    before = every_file(days.workspace)
    answer = cartograph("update", *words, "-w", days.workspace, "--json")
    assert answer.code == WRONG
    assert "Traceback" not in answer.err
    assert every_file(days.workspace) == before
    assert not list(days.workspace.glob(".adopted*"))
    error = answer.json["error"]
    assert error["fix"]
    return f"{error['problem']} {error['file']}", answer


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "empty"),
        (HEADER, "no rows"),
        ("who,what\nann,mug\n", "no such column"),
        (f"{HEADER}ann,mug,view,9.1.24,,,,\n", "not a time"),
    ],
)
def test_a_file_that_is_not_like_the_others(days: Days, cartograph: Ask, text: str, problem: str) -> None:
    bad = days.folder / "bad.csv"
    bad.write_text(text)
    found, _ = said(cartograph, days, "--events", bad)
    assert problem in found
    assert str(bad) in found


def test_the_same_days_twice(days: Days, cartograph: Ask) -> None:
    copy = days.folder / "copy.csv"
    shutil.copy(days.more, copy)
    assert "the very rows of" in said(cartograph, days, "--events", days.more, "--events", copy)[0]
    assert cartograph(*days.words).code == 0
    assert "has been read already" in said(cartograph, days, "--events", days.more)[0]
    assert "the very rows of" in said(cartograph, days, "--events", copy)[0]


def test_nothing_to_add_and_nothing_to_add_to(days: Days, cartograph: Ask) -> None:
    assert "nothing to add" in said(cartograph, days)[0]
    nowhere = days.folder / "nowhere"
    answer = cartograph("update", "--events", days.more, "-w", nowhere, "--json")
    assert (answer.code, answer.json["error"]["file"]) == (WRONG, str(nowhere))
    assert not nowhere.exists()


def test_rows_hashed_by_another_version_are_not_compared(
    days: Days, cartograph: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.sources.keeping._hashed_by", lambda: "DuckDB 9")
    assert "DuckDB 9 cannot tell their repeats" in said(cartograph, days, "--events", days.more)[0]


WORKER = """
    import sys, time
    import recsys.updating
    from cli.main import run

    def slow(*_):
        print("working", flush=True)
        time.sleep(60)

    recsys.updating.serve = slow
    run([*sys.argv[1:], "--threads", "1", "--quiet"])
"""


def test_a_killed_update_leaves_the_old_state_and_goes_on(days: Days, cartograph: Ask) -> None:
    before, user = days.hashes(), "U0000001"
    listed = best(cartograph, days.workspace, user)
    command = [sys.executable, "-c", textwrap.dedent(WORKER), *map(str, days.words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        os.kill(process.pid, signal.SIGKILL)
    assert days.hashes() == before
    assert best(cartograph, days.workspace, user) == listed
    again = cartograph(*days.words, "--json").json
    assert [stage["skipped"] for stage in again["stages"]] == [True, True, False]
    assert days.hashes() != before
    assert not list(days.workspace.glob(".*.scratch"))
