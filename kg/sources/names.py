"""What shops usually call their columns, and their kinds of events."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any


def usual(raw: Sequence[str], table: str) -> dict[str, str]:
    """Our name → the shop's column, of those with a usual name; each column once, earlier names win."""
    plain = {_plain(column): column for column in raw}
    known = _usual()
    found: dict[str, str] = {}
    for name, words in known[table].items():
        words = (*known["ids"].get(name, ()), *words)
        free = (plain[word] for word in words if word in plain and plain[word] not in found.values())
        if (column := next(free, None)) is not None:
            found[name] = column
    return found


def usual_kind(word: str) -> str:
    """Our word for a shop's kind of event; its own where there is none."""
    return next((kind for kind, words in _usual()["kinds"].items() if _plain(word) in words), word)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


@cache
def _usual() -> dict[str, Any]:
    return tomllib.loads((files("kg.sources") / "usual_names.toml").read_text(encoding="utf-8"))
