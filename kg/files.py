"""Writing files so that a crash leaves the old file or the new one, never half of one."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BLOCK = 1 << 20
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what makes a spreadsheet run a cell
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; when the block ends well it is synced and renamed over `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with full_disk_told(path):
            yield temporary
        sync(temporary)
        temporary.replace(path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty temporary folder; when the block ends well it takes the place of `folder`."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        with full_disk_told(folder):
            yield temporary
        for file in temporary.rglob("*"):
            sync(file)
        if folder.exists():
            folder.rename(old)
        temporary.rename(folder)
        sync(folder.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def harmless(value: Any) -> Any:
    """A cell of a CSV file: a text that a spreadsheet would run is quoted by '."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def as_written(cell: str) -> str:
    """What `harmless` was given, of what it made."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell


def file_hash(path: Path) -> str:
    """BLAKE2b of a file's bytes, 32 hex digits."""
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def damaged(folder: Path, hashes: Mapping[str, str]) -> Iterator[Path]:
    """The files of a folder, of those with a known hash, that are missing or do not have it."""
    for name, known in hashes.items():
        path = folder / name
        if not path.is_file() or file_hash(path) != known:
            yield path


@contextmanager
def full_disk_told(path: Path) -> Iterator[None]:
    """A full disk is an OSError, also where a library (DuckDB, safetensors) has its own exception for it."""
    try:
        yield
    except Exception as error:
        for code in _FULL:
            if not isinstance(error, OSError) and os.strerror(code) in str(error):
                raise OSError(code, os.strerror(code), str(path)) from error
        raise


def sync(path: Path) -> None:
    """Have what was written or renamed on the disk before anything else happens."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
