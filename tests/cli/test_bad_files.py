"""Raw files that are not what they should be: one clear message, exit code 2, and what the workspace has stays."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cli.main import INTERRUPTED, WRONG
from tests.cli.conftest import COMMAND, Ask, runs_out_of_disk

UNREADABLE = Path("/proc/self/mem")
HEADER = "user_id,item_id,time,quantity\n"
GOOD = "ann,mug,2024-03-01 10:00:00,1\n"
BOMB = gzip.compress(bytes(100 << 20), 1, mtime=0)
LONG = HEADER + "".join(f"u{n},i{n * n},2024-03-01,{n % 7}\n" for n in range(9_000))
PACKED = gzip.compress(LONG.encode(), mtime=0)


def asked(cartograph: Ask, folder: Path, log: Path) -> dict[str, Any]:
    """What `ingest` says of a bad log in a workspace that has read a good one."""
    good = folder / "good.csv"
    good.write_text(HEADER + GOOD)
    config = folder / "shop.toml"
    config.write_text("[events]\n")
    workspace = folder / "workspace"
    assert cartograph("ingest", config, "--events", good, "-w", workspace).code == 0
    before = {path: path.read_bytes() for path in (workspace / "ingest").rglob("*") if path.is_file()}
    answer = cartograph("ingest", config, "--events", log, "-w", workspace, "--json")
    assert answer.code == WRONG
    assert "Traceback" not in answer.err
    assert {path: path.read_bytes() for path in (workspace / "ingest").rglob("*") if path.is_file()} == before
    assert not list(workspace.glob(".*.tmp"))
    error = answer.json["error"]
    assert error["fix"]
    return error


@pytest.mark.parametrize(
    ("text", "problem", "row", "column", "value"),
    [
        (HEADER.replace("item_id", "gadget") + GOOD, "no column 'item_id'", None, None, None),
        (HEADER + GOOD + "ann,mug,2024-03-01,many\n", "not a number", 3, "quantity", "many"),
        (HEADER + GOOD * 6 + "ann,mug,01.03.2024,1\n" * 3, "3 of 9 rows", 8, "time", "01.03.2024"),
        (HEADER + GOOD + "ann,mug,2024-03-01\n", "fewer fields", 3, None, "ann,mug,2024-03-01"),
        (HEADER + GOOD + "ann,mug,2024-03-01,1,2\n", "more fields", 3, None, "ann,mug,2024-03-01,1,2"),
        (HEADER + GOOD + ",mug,2024-03-01,1\n", "missing", 3, "user_id", ""),
        ("", "empty", None, None, None),
        (HEADER, "no rows", None, None, None),
        (HEADER + "\n\n", "no rows", None, None, None),
        ("\n \n\n", "its lines are blank", None, None, None),
        (HEADER + GOOD * 9 + 'ann,"mug,2024-03-01,1\n' + GOOD, "does not end", 11, None, 'ann,"mug,2024-03-01,1'),
        ("user_id,item_id,User_ID\na,b,c\n", "two columns have one name", 1, "User_ID", None),
    ],
)
def test_a_log_that_cannot_be_read(
    cartograph: Ask, tmp_path: Path, text: str, problem: str, row: int | None, column: str | None, value: str | None
) -> None:
    log = tmp_path / "log.csv"
    log.write_text(text)
    error = asked(cartograph, tmp_path, log)
    assert problem in error["problem"]
    assert (error["file"], error["row"], error["column"], error["value"]) == (str(log), row, column, value)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("log.csv.gz", b"this is no gzip\n", "cannot be read"),
        ("log.csv.gz", PACKED[:-9_000], "cannot be read"),
        ("log.csv.gz", PACKED[:9_000] + b"0123456789" + PACKED[9_010:], "cannot be read"),
        ("log.jsonl.gz", gzip.compress(b'{"user_id": 1, "item_id": 2}\n' * 999)[:-20], "cannot be read"),
        ("log.parquet", b"this is no Parquet\n", "not a Parquet file"),
        ("log.doc", b"user_id,item_id\n", "unknown kind of file"),
        ("log.jsonl", b"user_id,item_id\n", "no line is a JSON object"),
        ("log.jsonl", b" \n\n", "its lines are blank"),
        ("log.csv.gz", BOMB, "unpacks to more than 200 times"),
        ("log.jsonl.gz", BOMB, "unpacks to more than 200 times"),
        ("log.csv", "user_id,größe\n".encode("latin-1"), "not UTF-8"),
    ],
)
def test_a_file_of_another_kind(cartograph: Ask, tmp_path: Path, name: str, content: bytes, problem: str) -> None:
    log = tmp_path / name
    log.write_bytes(content)
    error = asked(cartograph, tmp_path, log)
    assert problem in error["problem"]
    assert error["file"] == str(log)


@pytest.mark.parametrize("path", ["absent.csv", "absent/*.csv", "empty"])
def test_a_path_with_nothing(cartograph: Ask, tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    error = asked(cartograph, tmp_path, tmp_path / path)
    assert (error["problem"], error["file"]) == ("no such file", str(tmp_path / path))


@pytest.mark.skipif(not UNREADABLE.exists(), reason="this system has no file that not even root may read")
def test_a_file_that_cannot_be_read(cartograph: Ask, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.symlink_to(UNREADABLE)
    assert "Input/output error" in asked(cartograph, tmp_path, log)["problem"]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("[events.column]\nuser_id = 'user_id'", "'columns'"),
        ("[events]\ntime_fromat = 'unix'", "'time_format'"),
        ("[events]\npreset = 'rees45'", "rees46"),
        ("[events]\nformat = 'xlsx'", "'csv'"),
        ("[[clean]]\nname = 'x'\nwere = 'true'", "'where'"),
        ("[[checks]]\nname = 'x'\nsevral = 'item_id'", "'several'"),
        ("[events.columns]\nuser_id = 'usr_id'\nitem_id = 'item_id'", "'user_id'"),
        ("[[clean]]\nname = 'x'\nwhere = 'quantty < 0'", "quantity"),
    ],
)
def test_a_wrong_word_in_the_config(cartograph: Ask, tmp_path: Path, config: str, told: str) -> None:
    (tmp_path / "log.csv").write_text(HEADER + GOOD)
    (tmp_path / "shop.toml").write_text(config + "\n")
    answer = cartograph(
        "ingest", tmp_path / "shop.toml", "--events", tmp_path / "log.csv", "-w", tmp_path / "w", "--json"
    )
    assert answer.code == WRONG
    assert told in json.dumps(answer.json, ensure_ascii=False)
    assert "Traceback" not in answer.err


def test_one_row(cartograph: Ask, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + GOOD)
    report = cartograph("ingest", "--events", log, "-w", tmp_path / "workspace", "--json").json
    assert (report["rows_read"], report["users"], report["items"], report["rejected"]) == (1, 1, 1, 0)


def test_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + "".join(f"user{n},item{n * 37 % 1009},2024-03-01,1\n" for n in range(400_000)))
    words = [COMMAND, "ingest", "--events", str(log), "-w", str(tmp_path / "workspace"), "--threads", "1"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "ingest" in line:
                break
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert process.returncode == INTERRUPTED
    assert "the same command goes on" in said
    assert not (tmp_path / "workspace" / "ingest").exists()


def test_a_full_disk(tmp_path: Path) -> None:
    """Files may not grow beyond 20 kB, as if there were no more room."""
    log = tmp_path / "log.csv"
    log.write_text(HEADER + "".join(f"user{n},item{n * 37 % 1009},2024-03-01,1\n" for n in range(9_000)))
    runs_out_of_disk(20_000, "ingest", "--events", log, "-w", tmp_path / "workspace")
    assert not (tmp_path / "workspace" / "ingest").exists()


def test_a_log_of_which_nothing_is_left(cartograph: Ask, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text(HEADER + ",mug,2024-03-01 10:00:00,1\n" * 50)
    answer = cartograph("ingest", "--events", log, "-w", tmp_path / "workspace", "--json")
    assert answer.code == WRONG
    assert (
        "no event is left of 50 rows: the rule 'repeats' took 49 out, 'no user_id'" in answer.json["error"]["problem"]
    )
    assert not (tmp_path / "workspace" / "ingest").exists()
