"""Column mappings of well-known data, as data: one TOML file each; a shop's own is a file like them."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import TypeVar

from kg.config import KgConfig
from kg.config_file import checked, read_toml
from kg.errors import KgError
from kg.source_config import Facts, Section, Source
from kg.sources.folders import FOLDERS, in_folder
from kg.sources.mapping import literal

_FOLDER = files("kg.sources") / "presets"
_SUFFIX = ".toml"
_TABLES = ("events", "items", "users", "facts")
Config = TypeVar("Config", bound=KgConfig)


class Preset(Section):
    """What the columns of some data mean, table by table; `about` says in a line which data."""

    about: str = ""
    events: Source = Source()
    items: Source = Source()
    users: Source = Source()
    facts: Facts = Facts()

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables it says something of."""
        return tuple(name for name in _TABLES if name in self.model_fields_set)


def names() -> list[str]:
    """The presets there are."""
    return sorted(file.name.removesuffix(_SUFFIX) for file in _FOLDER.iterdir() if file.name.endswith(_SUFFIX))


def preset(name: str, folder: Path = Path()) -> Preset:
    """A preset by its name, or a shop's own by its path (from `folder`), which ends in .toml.

    Raises KgError naming the presets there are, or the mistake in the file.
    """
    if name.endswith(_SUFFIX):
        own = folder / name
        return checked(Preset, read_toml(own), own)
    if name not in names():
        known = f"There are {', '.join([*names(), *FOLDERS])}; one of your own is the path of a {_SUFFIX} file."
        raise KgError("no such preset", column="preset", value=name, fix=known)
    with as_file(_FOLDER / f"{name}{_SUFFIX}") as file:
        return checked(Preset, read_toml(file), file)


def known_tables(name: str) -> tuple[str, ...]:
    """The tables that a preset says something of."""
    return ("events",) if name in FOLDERS else preset(name).tables


def with_presets(config: Config) -> Config:
    """The config with what its presets say written out, so that it stands for itself."""
    if config.events.preset in FOLDERS and config.events.paths:
        config = config.model_copy(update=in_folder(config))
    named = {name: getattr(config, name) for name in _TABLES}
    filled = {name: _filled(name, own, config.folder) for name, own in named.items() if own.preset and own.paths}
    return config.model_copy(update=filled)


def _filled(table: str, source: Source, folder: Path) -> Source:
    """What the source says wins over its preset, `columns` one by one; an event's origin is the preset's name."""
    name = source.preset or ""
    known = preset(name, folder)
    if table not in known.tables:
        raise KgError(
            f"the preset says nothing of the {table}",
            column=f"{table}.preset",
            value=name,
            fix=f"Map the columns under [{table}.columns]; it says something of the {' and '.join(known.tables)}.",
        )
    given: Source = getattr(known, table)
    origin = {"origin": literal(Path(name).stem)} if table == "events" else {}
    said = {key: getattr(source, key) for key in source.model_fields_set}
    return given.model_copy(update={**said, "columns": origin | given.columns | source.columns, "preset": None})
