"""A user and all her items on a line, as KGAT, LightGCN and their many followers have them: integers and blanks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.packed import open_lines

_PARTS = {"train": "train", "valid": "validation", "validation": "validation", "test": "test"}


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row per user and item; the file's name says which part it is, without one of these names all is train."""
    part = _PARTS.get(path.name.split(".")[0], "train")
    for line, (user, *items) in integers(path):
        for item in dict.fromkeys(items):
            yield line, {"user_id": str(user), "item_id": str(item), "part": part}


def integers(path: Path) -> Iterator[tuple[int, list[int]]]:
    """The number and the integers of every line that has any; KgError naming row and value of what is none."""
    try:
        with open_lines(path, "ascii") as text:
            for number, line in enumerate(text, 1):
                words = line.split()
                for word in words:
                    if not word.isdecimal():
                        fix = "Write integers from 0, separated by blanks."
                        raise KgError("this is no integer", file=path, row=number, value=word, fix=fix)
                if words:
                    yield number, list(map(int, words))
    except OSError as error:
        raise KgError(f"the file cannot be read: {error.strerror}", file=path, fix="Give both parts.") from error
