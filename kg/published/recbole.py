"""RecBole's atomic files, as `kg.sources.recbole` says of them."""

from __future__ import annotations

from pathlib import Path

from kg.config import Derive, KgConfig
from kg.engine import Engine
from kg.reading import ingest
from kg.sources.recbole import files_of, sections
from kg.steps.attributes import attributes
from kg.tables import Tables


def fits(path: Path) -> bool:
    """Whether a folder holds a log of this form."""
    return path.is_dir() and any(path.glob("*.inter"))


def read(folder: Path, engine: Engine) -> tuple[Tables, list[Path]]:
    """Tables and the files they come from; KgError naming file, row and column of a value it cannot read."""
    logs, found = files_of(folder)
    said = sections(folder)
    tables, _ = ingest(KgConfig(folder=folder, **said | {"derive": Derive(item_attributes=())}), engine=engine)
    return attributes(tables, said["derive"]), [*logs, *found.values()]
