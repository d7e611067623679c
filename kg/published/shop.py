"""A shop of one's own: the TOML file that describes it, with the graph, the rules and the split that it names."""

from __future__ import annotations

from pathlib import Path

from kg.config import read_config
from kg.engine import Engine
from kg.reading import ingest
from kg.sources.files import find
from kg.sources.preset import with_presets
from kg.tables import Tables


def fits(path: Path) -> bool:
    """Whether this is such a file."""
    return path.is_file() and path.suffix == ".toml"


def read(path: Path, engine: Engine, events: Path | None = None) -> tuple[Tables, list[Path]]:
    """Tables and the files they come from, of a log that may lie elsewhere; raises what `kg.reading.ingest` raises."""
    config = with_presets(read_config(path).at([] if events is None else [events]))
    tables, report = ingest(config, engine=engine)
    report.refuse_emptied()
    read_in = (file for paths in config.sources.values() for file in find(paths, config.folder))
    return tables, [path, *read_in, *map(Path, config.derive.files)]
