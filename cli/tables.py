"""Frames as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_frame(frame: Any, path: Path) -> None:
    """A pandas frame as .csv or .parquet; texts that a spreadsheet would run are quoted by ' in CSV."""
    from kg.errors import KgError
    from kg.files import harmless, replacing

    with replacing(path) as temporary:
        match path.suffix:
            case ".csv":
                frame.map(harmless).rename(columns=harmless).to_csv(temporary, index=False)
            case ".parquet":
                told = {name: _of_one_kind(frame[name]) for name in frame.columns}
                frame.assign(**told).to_parquet(temporary, index=False)
            case other:
                raise KgError("no such kind of file", value=other, fix="End --out in .csv or .parquet.")


def _of_one_kind(column: Any) -> Any:
    """A column that mixes texts and numbers as text: Parquet holds one type."""
    kinds = {type(value) for value in column.dropna()}
    return column.map(str, na_action="ignore") if str in kinds and len(kinds) > 1 else column
