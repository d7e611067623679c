"""A config as the TOML file that a person reads and mends."""

from __future__ import annotations

import json
import os.path
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kg.columns import RAW
from kg.config import KgConfig

_HEAD = "# Guessed by `cartograph init`: please check. A column is one of yours, or an SQL expression over them."
_PATHS = ("path", "preset")


def config_text(
    config: KgConfig, home: Path, missing: Sequence[str] = (), unused: Sequence[str] = (), formats: Sequence[str] = ()
) -> str:
    """The sections that differ from the defaults; paths that share a folder with `home` are from there.

    What is `missing` ("user_id", "items.item_id") stands among the columns as a comment to be filled in, with the log's
    columns that are `unused`, and how its times may be written: one of several `formats`.
    """
    lines = [_HEAD, ""]
    for name, section in config.model_dump(mode="json", exclude_defaults=True, exclude={"folder", "clean"}).items():
        nested = {key: value for key, value in section.items() if isinstance(value, dict)}
        plain = {key: value for key, value in section.items() if key not in nested}
        own = plain | {key: _from(plain[key], home) for key in _PATHS if key in plain}
        lines += [f"[{name}]", *_pairs(own)]
        if name == "events" and formats:
            lines += [f"# time_format = {_value(how)}" for how in formats]
        lines += [""]
        gaps = [full.rpartition(".")[2] for full in missing if (full.rpartition(".")[0] or "events") == name]
        for key in dict.fromkeys([*(["columns"] if gaps else []), *nested]):
            lines += [f"[{name}.{key}]"]
            lines += [_gap(name, gap, unused) for gap in gaps if key == "columns"]
            lines += [*_pairs(nested.get(key, {})), ""]
    for rule in config.clean:
        lines += ["[[clean]]", *_pairs(rule.model_dump(exclude_defaults=True)), ""]
    return "\n".join(lines)


def _gap(table: str, name: str, unused: Sequence[str]) -> str:
    meaning = next(column.meaning for column in RAW[table] if column.name == name)
    perhaps = f"; not used yet: {', '.join(unused)}" if unused and table == "events" else ""
    return f'# {name} = "…"  # to be filled in: {meaning}{perhaps}'.replace("\n", " ")


def _from(value: Any, home: Path) -> Any:
    """Absolute paths as they are called from a folder; one alone stands alone."""
    if isinstance(value, list):
        found = [_from(each, home) for each in value]
        return found[0] if len(found) == 1 else found
    path = Path(value)
    near = path.is_absolute() and Path(os.path.commonpath([path, home])) != Path(path.anchor)
    return os.path.relpath(path, home) if near else value


def _pairs(section: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in section.items()]


def _key(key: str) -> str:
    return key if key.isidentifier() and key.isascii() else json.dumps(key, ensure_ascii=False)


def _value(value: Any) -> str:
    """A literal string where that saves escapes; else JSON, whose strings and lists are TOML's too."""
    plain = isinstance(value, str) and '"' in value and "'" not in value and value.isprintable()
    return f"'{value}'" if plain else json.dumps(value, ensure_ascii=False)
