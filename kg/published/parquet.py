"""Canonical Parquet: a folder as `Tables.save` writes it, or one file of events; a column `part` names the parts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.columns import TABLES
from kg.engine import Engine
from kg.errors import KgError
from kg.published.data import not_empty
from kg.tables import Tables

_SUFFIX = ".parquet"


def fits(path: Path) -> bool:
    """Whether this is a Parquet file, or a folder with one of events."""
    return path.suffix == _SUFFIX if path.is_file() else (path / f"events{_SUFFIX}").is_file()


def read(path: Path, engine: Engine) -> tuple[Tables, list[Path]]:
    """Tables and the files they come from.

    Raises KgError naming a file that is broken or empty, and the first row of a value that does not fit its column.
    """
    places = {"events": path} if path.is_file() else {name: path / f"{name}{_SUFFIX}" for name in TABLES}
    frames = {name: _frame(file) for name, file in places.items() if file.is_file()}
    not_empty(places["events"], frames["events"])
    try:
        tables = Tables.of(**frames, engine=engine)
    except KgError as error:
        error.file = error.file or path
        raise
    return tables, [places[name] for name in frames]


def _frame(file: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise KgError("this is not a Parquet file, or a broken one", file=file, fix="Write it again.") from error
