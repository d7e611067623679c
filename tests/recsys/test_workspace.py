from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from recsys.errors import RecsysError
from recsys.workspace import Workspace, fingerprint


def writes(text: str) -> Any:
    def work(folder: Path, _: Path) -> dict[str, str]:
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_text(text)
        return {"said": text}

    return work


AGAIN = "Do that again."


def never(*_: Path) -> None:
    raise AssertionError("made again although nothing changed")


def test_a_stage_is_made_again_only_when_its_inputs_change(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    first = workspace.run("ingest", {"rows": 1}, writes("one"))
    assert (first.skipped, first.result) == (False, {"said": "one"})
    again = workspace.run("ingest", {"rows": 1}, never)
    assert (again.skipped, again.result, again.output) == (True, first.result, first.output)
    changed = workspace.run("ingest", {"rows": 2}, writes("one"))
    assert not changed.skipped
    assert changed.output != first.output


def test_what_fails_leaves_the_earlier_result(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("ingest", {"rows": 1}, writes("one"))

    def full_disk(folder: Path, _: Path) -> None:
        (folder / "half").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        workspace.run("ingest", {"rows": 2}, full_disk)
    kept = workspace.stage("ingest")
    assert kept.result == {"said": "one"}
    assert kept.checked().joinpath("inner", "file").read_text() == "one"


def test_scratch_outlives_an_interruption_and_nothing_else(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)

    def interrupted(_: Path, scratch: Path) -> None:
        (scratch / "checkpoint").write_text("epoch 3")
        raise KeyboardInterrupt

    def resumed(_: Path, scratch: Path) -> str:
        return (scratch / "checkpoint").read_text()

    with pytest.raises(KeyboardInterrupt):
        workspace.run("train", {"seed": 0}, interrupted)
    assert workspace.run("train", {"seed": 0}, resumed).result == "epoch 3"
    assert [file.name for file in tmp_path.iterdir()] == ["train"]


@pytest.mark.parametrize("place", ["inner/file", "manifest.json"])
def test_a_flipped_byte_is_found_and_its_file_named(tmp_path: Path, place: str) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("ingest", {}, writes("one"))
    path = tmp_path / "ingest" / place
    damaged = bytearray(path.read_bytes())
    damaged[-3] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(RecsysError) as caught:
        workspace.stage("ingest").checked()
    assert caught.value.file == path
    assert "cartograph run" in caught.value.fix
    assert not workspace.run("ingest", {}, writes("one")).skipped  # as the fix says
    assert workspace.stage("ingest").checked()


def test_a_workspace_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecsysError, match="a file, not a folder"):
        Workspace(tmp_path / "file")


def test_another_version_is_an_error_to_read_and_made_again_by_a_run(tmp_path: Path, monkeypatch: Any) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("ingest", {}, writes("one"))
    monkeypatch.setattr("recsys.workspace.VERSION", 99)
    with pytest.raises(RecsysError, match="version 99"):
        workspace.stage("ingest")
    assert not workspace.run("ingest", {}, writes("two")).skipped


def test_a_stage_that_is_missing_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="no stage 'serve' yet"):
        Workspace(tmp_path).stage("serve")


WORKER = """
    import sys, time
    from pathlib import Path
    from recsys.workspace import Workspace

    def slow(folder, scratch):
        (folder / "half").write_text("half")
        (scratch / "checkpoint").write_text("epoch 1")
        print("working", flush=True)
        time.sleep(60)

    workspace = Workspace(Path(sys.argv[1]))
    with workspace.locked():
        workspace.run("train", {}, slow)
"""


def test_a_killed_run_frees_its_lock_and_leaves_nothing_half_done(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.run("ingest", {}, writes("one"))
    command = [sys.executable, "-c", textwrap.dedent(WORKER), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        with pytest.raises(RecsysError, match=f"process {process.pid} is working"), workspace.locked():
            pass
        os.kill(process.pid, signal.SIGKILL)
    with workspace.locked():
        assert not [left for left in tmp_path.iterdir() if left.suffix in (".tmp", ".old")]
        assert workspace.run("ingest", {}, never).skipped
        assert workspace.run("train", {}, lambda _, scratch: (scratch / "checkpoint").read_text()).result == "epoch 1"


def test_a_document_is_kept_and_its_damage_told(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    assert workspace.recall("config", AGAIN) is None
    workspace.remember("config", {"a": [1, None], "b": "ü"})
    assert workspace.recall("config", AGAIN) == {"a": [1, None], "b": "ü"}
    path = tmp_path / "config.json"
    whole = path.read_bytes()
    harmed = [whole[:at] + bytes([byte ^ 1]) + whole[at + 1 :] for at, byte in enumerate(whole) if byte not in b" \n"]
    for text in (*harmed, b"{", b"[1]", b"null", b""):
        path.write_bytes(text)
        with pytest.raises(RecsysError, match="damaged") as caught:
            workspace.recall("config", AGAIN)
        assert (caught.value.file, caught.value.fix) == (path, AGAIN)
        assert list(workspace.damaged_documents(["config", "none"])) == [path]
    path.write_bytes(whole)
    assert not list(workspace.damaged_documents(["config", "none"]))


def test_a_fingerprint_changes_with_the_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x")
    before = fingerprint(tmp_path / "*.csv")
    assert before == fingerprint(tmp_path)
    (tmp_path / "b.csv").write_text("y")
    assert fingerprint(tmp_path / "*.csv") != before
    assert json.loads(json.dumps(before)) == before


def drafted(workspace: Workspace) -> Workspace:
    """A draft of two stages and a document, in a workspace that has others of those names and one more stage."""
    for name in ("ingest", "graph", "train"):
        workspace.run(name, {}, writes("old"))
    workspace.remember("config", "old")
    draft = workspace.draft(["more"])
    for name in ("ingest", "graph"):
        draft.run(name, {"more": 1}, writes("new"))
    draft.remember("config", "new")
    return draft


def state(workspace: Workspace) -> tuple[Any, ...]:
    stages = [workspace.stage(name) for name in ("ingest", "graph", "train")]
    for stage in stages:
        assert stage.checked().joinpath("inner", "file").read_text() == stage.result["said"]
    return (*(stage.result["said"] for stage in stages), workspace.recall("config", AGAIN))


def test_a_draft_takes_the_places_of_all_its_stages_or_of_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever renaming is the first that does not happen, the state is the old or the new one, also after repair."""
    rename = Path.rename
    for last in range(8):
        workspace = Workspace(tmp_path / str(last))
        draft = drafted(workspace)
        left = iter(range(last))

        def dies(path: Path, target: Path, left: Any = left) -> Path:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", dies)
        died = False
        try:
            workspace.adopt(draft)
        except KeyboardInterrupt:
            died = True
        monkeypatch.undo()
        wanted = ("new", "new", "old", "new") if last else ("old",) * 4
        assert died == (last < 6)  # one for all, two for each stage, one for the document
        assert state(workspace) == wanted
        with workspace.locked():
            assert state(workspace) == wanted
        assert {file.name for file in workspace.folder.iterdir()} <= {
            ".lock", "ingest", "graph", "train", "config.json", *([draft.folder.name] if not last else []),
        }  # fmt: skip
