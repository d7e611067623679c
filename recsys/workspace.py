"""A folder of stages. Each is done or absent, says what it was made from, and is made again only when that changed.

One that was damaged on the disk is as good as absent: the next run makes it anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kg.files import damaged, file_hash, replacing, replacing_folder, sync
from recsys.errors import RecsysError
from recsys.measuring import Measured

FORMAT, VERSION = "cartograph-workspace", 1
MANIFEST = "manifest.json"
_LOCK = ".lock"
_ADOPTED = ".adopted"


@dataclass(frozen=True)
class Stage:
    """A finished stage: what it was made from, what it cost, what it says, and a hash of every file it wrote."""

    name: str
    folder: Path
    inputs: Mapping[str, Any]
    seconds: float
    peak_mb: float
    result: Any
    files: Mapping[str, str]
    skipped: bool = True

    @property
    def output(self) -> str:
        """Hash of all its files and its inputs: what a later stage is made from, 32 hex digits."""
        return hash_of([self.inputs, dict(self.files)])

    def made_from(self, inputs: Mapping[str, Any]) -> bool:
        """Whether these are its inputs."""
        return bool(self.inputs == json.loads(json.dumps(inputs)))

    def damaged(self) -> Iterator[Path]:
        """Files that are missing or do not have their hash."""
        return damaged(self.folder, self.files)

    def checked(self) -> Path:
        """The stage's folder, every file compared with its hash; RecsysError naming the one that is damaged."""
        for path in self.damaged():
            raise RecsysError(
                f"a file of the stage {self.name!r} is missing or damaged",
                file=path,
                fix=f"Run `cartograph run -w {self.folder.parent}`: it makes that stage anew.",
            )
        return self.folder

    def to_json(self) -> dict[str, Any]:
        numbers = {"seconds": round(self.seconds, 2), "peak_mb": round(self.peak_mb), "skipped": self.skipped}
        return {"name": self.name, **numbers}


@dataclass(frozen=True)
class Workspace:
    """A folder with a subfolder per finished stage. Raises RecsysError where it is a file."""

    folder: Path

    def __post_init__(self) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            fix = "Name a folder with --workspace; it need not exist yet."
            raise RecsysError("the workspace is a file, not a folder", file=self.folder, fix=fix)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out; the lock of a process that died is free."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                lock.seek(0)
                since = datetime.fromtimestamp(os.fstat(lock.fileno()).st_mtime, UTC)
                raise RecsysError(
                    f"process {lock.read().strip() or 'unknown'} is working in this workspace, since {since:%H:%M} UTC",
                    file=self.folder,
                    fix="Wait until it has ended, or stop it (`kill` and its number): what it has finished is kept. "
                    "Or name another folder with --workspace.",
                    bad_input=False,
                ) from error
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            self._settle()
            self._sweep()
            yield

    def run(self, name: str, inputs: Mapping[str, Any], work: Callable[[Path, Path], Any]) -> Stage:
        """The stage, made anew unless it was made from the same inputs and is whole.

        `work(folder, scratch)` writes into `folder`, which takes its place only when all is written, and returns what
        the stage says (JSON). What it keeps in `scratch` is there again when an interrupted stage starts anew from the
        same inputs.
        """
        known = self.sound(name)
        if known and known.made_from(inputs):
            return known
        folder = self.folder / name
        scratch = self.folder / f".{name}.{hash_of(inputs)}.scratch"
        scratch.mkdir(parents=True, exist_ok=True)
        with replacing_folder(folder) as temporary:
            with Measured() as cost:
                result = work(temporary, scratch)
            files = {str(file.relative_to(temporary)): file_hash(file) for file in _files(temporary)}
            manifest = {
                "format": FORMAT,
                "version": VERSION,
                "inputs": inputs,
                "seconds": cost.seconds,
                "peak_mb": cost.peak_mb,
                "result": result,
                "files": files,
            }
            text = json.dumps(manifest | {"check": hash_of(manifest)}, indent=1, ensure_ascii=False)
            (temporary / MANIFEST).write_text(text, encoding="utf-8")
        for old in self.folder.glob(f".{name}.*.scratch"):
            shutil.rmtree(old)
        return Stage(name, folder, inputs, cost.seconds, cost.peak_mb, result, files, skipped=False)

    def stage(self, name: str) -> Stage:
        """A finished stage; RecsysError where it has not been made, or by another version."""
        manifest = self._manifest(name)
        if manifest is None:
            raise RecsysError(
                f"the workspace has no stage {name!r} yet", file=self.folder, fix="Run `cartograph run` first."
            )
        if (manifest["format"], manifest["version"]) != (FORMAT, VERSION):
            raise RecsysError(
                f"the stage {name!r} is not of version {VERSION}",
                file=self.place(name) / MANIFEST,
                value=manifest["version"],
                fix="Run `cartograph run` again.",
            )
        return self._stage(name, manifest)

    def sound(self, name: str) -> Stage | None:
        """A finished stage of this version of which no file is damaged; None where there is none."""
        try:
            stage = self.stage(name)
        except RecsysError:
            return None
        return None if any(stage.damaged()) else stage

    def has(self, name: str) -> bool:
        """Whether a stage has been made."""
        return self.place(name).is_dir()

    def draft(self, inputs: Any) -> Workspace:
        """Another workspace, inside this one, for stages that are to take the place of several at once.

        What was finished there is there again when interrupted work starts anew from the same inputs.
        """
        draft = Workspace(self.folder / f".draft.{hash_of(inputs)}.scratch")
        draft.folder.mkdir(exist_ok=True)
        return draft

    def adopt(self, draft: Workspace) -> None:
        """Let the stages and documents of a draft take the places of this one's, all or, after a crash, none.

        It is done by one renaming. What then moves to its place is found wherever it is.
        """
        adopted = self.folder / _ADOPTED
        draft.folder.rename(adopted)
        sync(self.folder)
        self._settle()
        for other in self.folder.glob(".draft.*.scratch"):
            shutil.rmtree(other)

    def place(self, name: str) -> Path:
        """Where a stage's folder, or the file of a document, lies."""
        adopted = self.folder / _ADOPTED / name
        return adopted if adopted.exists() else self.folder / name

    def remember(self, name: str, document: Any) -> None:
        """Keep a JSON document beside the stages, with its hash."""
        with replacing(self.folder / f"{name}.json") as temporary:
            text = json.dumps({"document": document, "check": hash_of(document)}, indent=1, ensure_ascii=False)
            temporary.write_text(text, encoding="utf-8")

    def remembers(self, name: str) -> bool:
        """Whether there is a document of this name."""
        return self._document(name).exists()

    def recall(self, name: str, again: str) -> Any:
        """The document of this name; None where there is none. `again` says how a damaged one is made anew."""
        path = self._document(name)
        if not path.exists():
            return None
        kept = _whole(path)
        if kept is None:
            raise RecsysError("a file of the workspace is damaged, or of an earlier version", file=path, fix=again)
        return kept["document"]

    def damaged_documents(self, names: Iterable[str]) -> Iterator[Path]:
        """The files of those of these documents that do not have their hash."""
        return (path for path in map(self._document, names) if path.exists() and _whole(path) is None)

    def _document(self, name: str) -> Path:
        return self.place(f"{name}.json")

    def _manifest(self, name: str) -> dict[str, Any] | None:
        path = self.place(name) / MANIFEST
        try:
            manifest: dict[str, Any] = json.loads(path.read_bytes())
            damaged = manifest.pop("check") != hash_of(manifest)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, AttributeError, TypeError):
            damaged = True
        if damaged:
            again = f"Run `cartograph run -w {self.folder}`: it makes that stage anew."
            raise RecsysError(f"the manifest of the stage {name!r} is damaged", file=path, fix=again)
        return manifest

    def _stage(self, name: str, manifest: Mapping[str, Any]) -> Stage:
        parts = [manifest[part] for part in ("inputs", "seconds", "peak_mb", "result", "files")]
        return Stage(name, self.place(name), *parts)

    def _settle(self) -> None:
        """Move what was adopted to its place."""
        adopted = self.folder / _ADOPTED
        if not adopted.exists():
            return
        for part in adopted.iterdir():
            if part.name[0] == ".":  # scratch
                continue
            old = self.folder / part.name
            if old.is_dir():
                old.rename(self.folder / f".{part.name}.{os.getpid()}.old")
            part.rename(old)
        sync(self.folder)
        shutil.rmtree(adopted)
        self._sweep()

    def _sweep(self) -> None:
        """Remove what killed processes left half done."""
        for pattern in (".*.tmp", ".*.old"):
            for left in self.folder.glob(pattern):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def fingerprint(path: str | Path) -> list[Any]:
    """What tells whether raw files have changed: name, size and time of each (a file, folder or glob)."""
    place = Path(path)
    files = sorted(place.iterdir()) if place.is_dir() else sorted(place.parent.glob(place.name))
    return [[str(file.resolve()), file.stat().st_size, file.stat().st_mtime_ns] for file in files]


def _whole(path: Path) -> dict[str, Any] | None:
    """What the file of a document holds; None where that does not have its hash."""
    try:
        kept = json.loads(path.read_bytes())
        return kept if kept["check"] == hash_of(kept["document"]) else None
    except (ValueError, KeyError, TypeError):
        return None


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.is_file())


def hash_of(document: Any) -> str:
    """Hash of what is ready for JSON, 32 hex digits."""
    return hashlib.blake2b(json.dumps(document, sort_keys=True).encode(), digest_size=16).hexdigest()
