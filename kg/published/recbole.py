"""RecBole's atomic files: tab-separated, with a header of `name:type`.

Zhao et al., "RecBole: Towards a unified, comprehensive and efficient framework for recommendation algorithms",
CIKM 2021. NAME.inter holds the log, in parts where the files are called NAME.train.inter, NAME.valid.inter and
NAME.test.inter (or part1 to part3). Every row is an event that counts, whatever its rating. Of NAME.item and NAME.user
the columns of type token and token_seq become facts; NAME.link tells which entities of NAME.kg are items.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.config import Derive, KgConfig, Source
from kg.engine import Engine
from kg.errors import KgError
from kg.published import triples
from kg.reading import ingest
from kg.sources.files import look
from kg.splitting import PART
from kg.steps.facts import facts
from kg.tables import Tables

if TYPE_CHECKING:
    import pyarrow as pa

_PARTS: dict[str, tuple[str, ...]] = {
    "train": ("train", "part1"),
    "validation": ("valid", "part2"),
    "test": ("test", "part3"),
}
_TITLES = ("title", "name")  # how the name of a column ends that people read
_GRAPH = ("head_id", "relation_id", "tail_id")
_LINK = ("item_id", "entity_id")
_TAB = "\t"


def fits(path: Path) -> bool:
    """Whether a folder holds a log of this form."""
    return path.is_dir() and any(path.glob("*.inter"))


def read(folder: Path, engine: Engine) -> tuple[Tables, list[Path]]:
    """Tables and the files they come from; KgError naming file, row and column of a value it cannot read."""
    logs = sorted(folder.glob("*.inter"))
    name = logs[0].name.split(".")[0]
    others = [file for file in logs if file.name.split(".")[0] != name]
    if others:
        raise KgError("the folder holds several data sets", file=others[0], fix="Give a folder with one.")
    found = {kind: file for kind in ("item", "user", "kg", "link") if (file := folder / f"{name}.{kind}").is_file()}
    of_items, of_users = (_typed(found[kind]) if kind in found else {} for kind in ("item", "user"))
    config = KgConfig(
        folder=folder,
        events=_log(logs),
        items=_features(found.get("item"), of_items, "item_id"),
        users=_features(found.get("user"), of_users, "user_id"),
        derive=Derive(item_attributes=()),
    )
    tables, _ = ingest(config, engine=engine)
    for kind, columns in (("item", of_items), ("user", of_users)):
        for column, type_ in columns.items():
            if type_.startswith("token") and column != f"{kind}_id" and not column.endswith(_TITLES):
                tables = _with_attribute(tables, kind, column, several=type_ == "token_seq")
    if "kg" in found:
        tables = _with_graph(tables, found["kg"], found.get("link"))
    return tables, [*logs, *found.values()]


def _log(files: list[Path]) -> Source:
    typed = _typed(files[0])
    columns = {"user_id": _raw(typed, "user_id", files[0]), "item_id": _raw(typed, "item_id", files[0])}
    if "timestamp" in typed:
        columns["time"] = _raw(typed, "timestamp", files[0])
    if len(files) > 1:
        likes = {part: " OR ".join(f"_path LIKE '%.{word}.inter'" for word in words) for part, words in _PARTS.items()}
        columns[PART] = f"CASE {' '.join(f'WHEN {like} THEN {part!r}' for part, like in likes.items())} END"
    return _source(files, columns).model_copy(update={"time_format": "unix"})


def _features(file: Path | None, typed: Mapping[str, str], key: str) -> Source:
    """A catalogue with its key, a title, a price, and every attribute under its own name."""
    if file is None:
        return Source()
    columns = {"title" if name.endswith(_TITLES) else name: _raw(typed, name, file) for name in typed}
    return _source([file], columns | {key: _raw(typed, key, file)})


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


def _with_attribute(tables: Tables, kind: str, column: str, *, several: bool) -> Tables:
    """With a fact per value of a column, of which a row has `several` where they are separated by blanks."""
    rows = tables.items if kind == "item" else tables.users
    rows = rows.filter(rows[column].notnull()).select(f"{kind}_id", _tail=rows[column].cast("string"))
    if several:
        rows = rows.mutate(_tail=rows._tail.split(" ")).unnest("_tail").filter(lambda row: row._tail != "")
    return tables.with_facts(
        facts(rows, head=f"{kind}_id", of=kind, relation=_literal(column), tail=rows._tail, provenance=f"{kind}s")
    )


def _literal(text: str) -> Any:
    import ibis

    return ibis.literal(text)


def _with_graph(tables: Tables, graph: Path, link: Path | None) -> Tables:
    import ibis
    import pyarrow as pa
    import pyarrow.compute as pc

    heads, relations, tails = _columns(graph, _GRAPH)
    nothing = pa.array([], pa.string())
    items, entities = _columns(link, _LINK) if link else (nothing, nothing)
    ends, are_items = [], []
    for end in (heads, tails):
        place = pc.index_in(end, value_set=entities)
        ends.append(pc.coalesce(items.take(place), end))
        are_items.append(pc.is_valid(place))
    found = triples.facts(ends[0], relations, ends[1], (are_items[0], are_items[1]), graph.name)
    return tables.with_facts(ibis.memtable(found))


def _columns(file: Path, names: tuple[str, ...]) -> Iterator[pa.Array]:
    """Columns of a file as text."""
    import pyarrow as pa
    from pyarrow import csv

    typed = _typed(file)
    raw = [_raw(typed, name, file) for name in names]
    torn: list[Any] = []

    def note(row: Any) -> str:
        torn.append(row)
        return "skip"

    table = csv.read_csv(
        file,
        read_options=csv.ReadOptions(use_threads=False),  # with threads a torn row has no number
        parse_options=csv.ParseOptions(delimiter=_TAB, quote_char=False, invalid_row_handler=note),
        convert_options=csv.ConvertOptions(include_columns=raw, column_types=dict.fromkeys(raw, pa.string())),
    )
    if torn:
        told = f"{torn[0].actual_columns} cells where the header has {torn[0].expected_columns}"
        raise KgError(f"a row has {told}", file=file, row=torn[0].number, value=torn[0].text, fix="Mend the row.")
    if not table.num_rows:
        raise KgError("the file is empty", file=file, fix="Give a file with at least one row.")
    return (table[name].combine_chunks() for name in raw)
