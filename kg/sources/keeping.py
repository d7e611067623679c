"""Staged rows kept on disk, so that new files can join them without the old ones being read again.

Every row is kept, those that rules took out too: whether it goes may depend on rows that are yet to come.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.engine import DICTIONARY, Engine, memory_told
from kg.errors import KgError
from kg.sources.files import RawFile
from kg.sources.mapping import literal, quoted
from kg.sources.rejects import REJECTS, read_rejects
from kg.sources.staging import Staged, spelled
from kg.sources.torn import Torn

NOW = "(CASE WHEN _gone THEN 0 WHEN _turned THEN 2 ELSE 1 END)"
"""What rules have made of a row: it is gone, there, or turned into a return."""
BEFORE = "_before"
"""The column of joined events with what they had made of it when it was kept; 0 of one that was not there."""
_ABOUT = "rows.json"


@dataclass(frozen=True)
class Kept:
    """What is known of a table's kept rows, which lie in `path`; the other names are those of `Staged`."""

    path: Path
    files: tuple[RawFile, ...]
    columns: tuple[str, ...]
    constant: Mapping[str, str]
    checks: tuple[tuple[str | None, str], ...]
    lost: int


def keep(sql: Any, staged: Mapping[str, Staged], folder: Path) -> None:
    """Write the rows of every table as the rules have marked them, and what is known of them, into a new folder."""
    folder.mkdir()
    about: dict[str, Any] = {"hashed_by": _hashed_by(), "tables": {}}
    for table, own in staged.items():
        names = (name for name, *_ in sql.execute(f"DESCRIBE {own.name}").fetchall() if name != BEFORE)
        path = literal(_path(folder, table))
        rows = f"SELECT {', '.join(map(quoted, names))} FROM {own.name}"
        sql.execute(f"COPY ({rows}) TO {path} (FORMAT parquet, dictionary_size_limit {DICTIONARY})")
        about["tables"][table] = {
            "files": [asdict(file) for file in own.files],
            "columns": own.columns,
            "constant": own.constant,
            "checks": own.checks,
            "lost": own.lost + own.torn.count,
        }
    (folder / _ABOUT).write_text(json.dumps(about, indent=1, ensure_ascii=False, default=str), encoding="utf-8")


def kept(folder: Path) -> dict[str, Kept]:
    """What `keep` wrote, by table. Raises KgError where exact repeats of its rows could not be told any more."""
    about = json.loads((folder / _ABOUT).read_bytes())
    if about["hashed_by"] != _hashed_by():
        raise KgError(
            f"the rows were read by {about['hashed_by']}, and {_hashed_by()} cannot tell their repeats",
            file=folder,
            fix=f"Delete {folder.parent} and run `cartograph run`: it reads everything again.",
        )
    return {
        table: Kept(
            _path(folder, table),
            tuple(_raw_file(file) for file in own["files"]),
            tuple(own["columns"]),
            own["constant"],
            tuple((column, reason) for column, reason in own["checks"]),
            own["lost"],
        )
        for table, own in about["tables"].items()
    }


def joined(engine: Engine, table: str, old: Kept | None, fresh: Staged | None) -> Staged:
    """Kept and fresh rows as if all files had been read at once, in a table that has `_before`.

    Events come after those that were kept; rows of a catalogue before, since the first of an id stays, and instead of
    those of a file with the same path. Raises KgError where events were kept of the same file.
    """
    if old is None:
        assert fresh is not None
        return fresh
    read = fresh.files if fresh else ()
    if table == "events":
        if fresh:
            _refuse_again(engine.sql, old, fresh)
        stay, files = old.files, (*old.files, *read)
    else:
        paths = {file.path.resolve() for file in read}
        stay = tuple(file for file in old.files if file.path.resolve() not in paths)
        files = (*read, *stay)
    constant = {name: text for name, text in old.constant.items() if not fresh or fresh.constant.get(name) == text}
    checks = dict(old.checks) | dict(fresh.checks if fresh else ())
    parts = [_renumbered(old, f"read_parquet({literal(old.path)})", stay, files, constant, [*checks], NOW)]
    if fresh:
        parts.append(_renumbered(fresh, fresh.name, read, files, constant, [*checks], "0"))
    if table != "events":
        parts.reverse()
    name = engine.fresh(f"{table}_joined")
    with memory_told():
        engine.sql.execute(f"CREATE TABLE {name} AS {' UNION ALL BY NAME '.join(parts)}")
    n = engine.sql.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]
    n_fresh = len(fresh.fresh) if fresh else 0
    start = n - n_fresh if table == "events" else 0
    if fresh:
        engine.sql.execute(f"DROP TABLE {fresh.name}")
    return Staged(
        table,
        name,
        files,
        tuple(dict.fromkeys((*old.columns, *(fresh.columns if fresh else ())))),
        constant,
        tuple(checks.items()),
        torn=fresh.torn if fresh else Torn(""),
        texts=fresh.texts if fresh else "",
        fresh=range(start, start + n_fresh),
        lost=old.lost,
        told=read_rejects(old.path.with_name(REJECTS), table, {str(file.path) for file in stay}),
    )


def _renumbered(
    rows: Kept | Staged,
    source: str,
    stay: Sequence[RawFile],
    files: Sequence[RawFile],
    constant: Mapping[str, str],
    checks: Sequence[str | None],
    before: str,
) -> str:
    """The query of the rows of files that `stay`, with their numbers among all `files` and `checks`.

    What is not `constant` in all rows is spelled out.
    """
    place = {file.path: number for number, file in enumerate(files)}
    numbers = ", ".join(str(place.get(file.path, "NULL")) for file in rows.files)
    nth = ", ".join(["0", *(str(1 + checks.index(column)) for column, _ in rows.checks)])
    own = {name: text for name, text in spelled(rows.constant, rows.files).items() if name not in constant}
    also = "".join(f", {text} AS {quoted(name)}" for name, text in own.items())
    left = ", ".join(str(number) for number, file in enumerate(rows.files) if file in stay)
    return (
        f"SELECT * REPLACE ([{numbers}][_file + 1]::UINTEGER AS _file, [{nth}][_bad + 1]::UTINYINT AS _bad, "
        f"false AS _gone, false AS _turned), {before}::UTINYINT AS {BEFORE}{also} "
        f"FROM {source} WHERE _file IN ({left or 'NULL'})"
    )


def _refuse_again(sql: Any, old: Kept, fresh: Staged) -> None:
    """KgError where a file was read already, or has the very rows of another one."""
    fix = "Give new days in files of their own; `cartograph run` reads anew what has changed."
    known = {file.path.resolve() for file in old.files}
    for file in fresh.files:
        if file.path.resolve() in known:
            raise KgError("the file has been read already", file=file.path, fix=fix)
    seen: dict[tuple[int, int], Path] = {}
    for rows, source in ((old, f"read_parquet({literal(old.path)})"), (fresh, fresh.name)):
        sums = f"SELECT _file, count(*), sum(_hash::HUGEINT) FROM {source} GROUP BY 1 ORDER BY 1"
        for number, *content in sql.execute(sums).fetchall():
            path = rows.files[number].path
            other = seen.setdefault(tuple(content), path)
            if rows is fresh and other != path:
                raise KgError(f"the file has the very rows of {other}, which has been read", file=path, fix=fix)


def _path(folder: Path, table: str) -> Path:
    return folder / f"{table}.parquet"


def _raw_file(known: Mapping[str, Any]) -> RawFile:
    lists = {name: tuple(known[name]) for name in ("columns", "types")}
    return RawFile(**{**known, **lists, "path": Path(known["path"])})


def _hashed_by() -> str:
    """What hashes whole rows; another version may do it otherwise."""
    import duckdb

    return f"DuckDB {duckdb.__version__}"
