"""RecBole's atomic files: tab-separated, with a header of `name:type`.

Zhao et al., "RecBole: Towards a unified, comprehensive and efficient framework for recommendation algorithms",
CIKM 2021. NAME.inter holds the log, in parts where the files are called NAME.train.inter, NAME.valid.inter and
NAME.test.inter (or part1 to part3). Every row is an event that counts, whatever its rating. Of NAME.item and NAME.user
the columns of type token and token_seq become nodes; NAME.link tells which entities of NAME.kg are items.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.columns import PART
from kg.config import Derive, Split
from kg.errors import KgError
from kg.source_config import Facts, Source
from kg.sources.files import look

_PARTS: dict[str, tuple[str, ...]] = {
    "train": ("train", "part1"),
    "validation": ("valid", "part2"),
    "test": ("test", "part3"),
}
_TITLES = ("title", "name")  # how the name of a column ends that people read
_TAB = "\t"
_SEVERAL = {"brand": "brands", "category": "categories"}  # of what an item has one, for where it has several


def files_of(folder: Path) -> tuple[list[Path], dict[str, Path]]:
    """The log's files, and the others by their ending; KgError where the folder holds several data sets, or none."""
    logs = sorted(folder.glob("*.inter"))
    if not logs:
        raise KgError("the folder holds no log", file=folder, fix="Give a folder with NAME.inter.")
    name = logs[0].name.split(".")[0]
    others = [file for file in logs if file.name.split(".")[0] != name]
    if others:
        raise KgError("the folder holds several data sets", file=others[0], fix="Give a folder with one.")
    return logs, {
        kind: file for kind in ("item", "user", "kg", "link") if (file := folder / f"{name}.{kind}").is_file()
    }


def sections(folder: Path) -> dict[str, Any]:
    """Sections of a config; KgError naming file and column of a header that lacks one."""
    logs, found = files_of(folder)
    said: dict[str, Any] = {"events": _log(logs)}
    attributes: dict[str, tuple[str, ...]] = {}
    for kind in ("item", "user"):
        if kind in found:
            said[f"{kind}s"], attributes[f"{kind}_attributes"] = _features(found[kind], kind)
    said["derive"] = Derive(**{"item_attributes": (), **attributes})
    if "kg" in found:
        said["facts"] = _graph(found["kg"], found.get("link"))
    if len(logs) > 1:
        said["split"] = Split(method="given")
    return said


def _log(files: list[Path]) -> Source:
    typed = _typed(files[0])
    columns = {"user_id": _raw(typed, "user_id", files[0]), "item_id": _raw(typed, "item_id", files[0])}
    if "timestamp" in typed:
        columns["time"] = _raw(typed, "timestamp", files[0])
    if len(files) > 1:
        likes = {part: " OR ".join(f"_path LIKE '%.{word}.inter'" for word in words) for part, words in _PARTS.items()}
        columns[PART] = f"CASE {' '.join(f'WHEN {like} THEN {part!r}' for part, like in likes.items())} END"
    return _source(files, columns).model_copy(update={"time_format": "unix"})


def _features(file: Path, kind: str) -> tuple[Source, tuple[str, ...]]:
    """A catalogue with its key, a title, a price, and every attribute; and those that are names, perhaps several."""
    typed = _typed(file)
    key = f"{kind}_id"
    columns, names, several = {key: _raw(typed, key, file)}, [], {}
    for name, type_ in typed.items():
        ours = "title" if name.endswith(_TITLES) else _SEVERAL.get(name, name) if type_ == "token_seq" else name
        columns.setdefault(ours, _raw(typed, name, file))
        if type_.startswith("token") and ours not in (key, "title"):
            names.append(ours)
        if type_ == "token_seq" and ours != "title":
            several[ours] = " "
    return _source([file], columns).model_copy(update={"several": several}), tuple(names)


def _graph(graph: Path, link: Path | None) -> Facts:
    typed = _typed(graph)
    columns = {name: _raw(typed, f"{name}_id", graph) for name in ("head", "relation", "tail")}
    found = Facts(**dict(_source([graph], columns)))
    if link is None:
        return found
    typed = _typed(link)
    columns = {"item_id": _raw(typed, "item_id", link), "uri": _raw(typed, "entity_id", link)}
    return found.model_copy(update={"links": _source([link], columns)})


def _source(files: list[Path], columns: dict[str, str]) -> Source:
    path = tuple(str(file.absolute()) for file in files)
    return Source(path=path, format="csv", delimiter=_TAB, columns=columns)


def _typed(file: Path) -> dict[str, str]:
    """The type of every column, as the header says it."""
    columns = look(file, Source(format="csv", delimiter=_TAB)).columns
    return {name: type_ for name, _, type_ in (column.partition(":") for column in columns)}


def _raw(typed: Mapping[str, str], name: str, file: Path) -> str:
    """How the header writes a column."""
    if name not in typed:
        fix = f"The header needs {name}:token; it has {', '.join(typed)}."
        raise KgError("a column is missing", file=file, row=1, column=name, fix=fix)
    return f"{name}:{typed[name]}" if typed[name] else name
