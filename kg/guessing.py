"""A config for a shop's own files, guessed from the usual names of columns; for the shop to confirm or mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kg.config import Derive, KgConfig, Shop
from kg.config_text import config_text
from kg.engine import Engine
from kg.errors import KgError
from kg.files import replacing
from kg.looking import look_into
from kg.source_config import Rule, Source
from kg.sources.facts import of_tables
from kg.sources.names import usual
from kg.sources.preset import known_tables, with_presets
from kg.sources.staging import alike

_NEEDED = {
    "events": ("user_id", "item_id"),
    "items": ("item_id",),
    "users": ("user_id",),
    "facts": ("relation", "tail"),
}
_TABLES = ("events", "items", "users")
TIME = "time"
"""A log can be read without its times, but not be cut into past and future."""


@dataclass(frozen=True)
class Guess:
    """A config, and which of the shop's columns (or expressions over them) became which of ours.

    missing  our columns that nothing was found for: `time`, and those without which the files cannot be read
    unused   the log's columns that nothing is made of
    formats  how its times may be written, where days look like months: none was chosen
    unknown  its kinds of events that are none of ours
    """

    config: KgConfig
    mapping: Mapping[str, str]
    missing: Sequence[str] = ()
    unused: Sequence[str] = ()
    formats: Sequence[str] = ()
    unknown: Sequence[str] = ()

    @property
    def is_enough(self) -> bool:
        """Whether the files can be read as it says."""
        return not {*self.missing} - {TIME}

    def write(self, path: Path) -> None:
        """The config as a TOML file to be read and mended; its paths are from its folder, where they share one."""
        home = path.absolute().parent
        with replacing(path) as temporary:
            text = config_text(self.config, home, self.missing, self.unused, self.formats)
            temporary.write_text(text, encoding="utf-8")


def guess(
    events: Sequence[Path],
    items: Path | None = None,
    users: Path | None = None,
    columns: Mapping[str, str] | None = None,
    facts: Sequence[Path] = (),
    preset: str | None = None,
    engine: Engine | None = None,
    *,
    partial: bool = False,
) -> Guess:
    """Look at the files and map what has a usual name, or what a preset knows; `columns` win over both.

    columns  our column → a raw one or an SQL expression; of items and users "items.title" and so on
    facts    RDF files and tables of triples
    partial  take a guess that leaves something to be filled in; else KgError says what nothing was found for
    """
    if preset and preset.endswith(".toml"):
        preset = str(Path(preset).resolve())  # the config may be written elsewhere
    given = {"events": events, "items": items, "users": users}
    laid = known_tables(preset) if preset else ()
    if preset and not any(given.get(table) for table in laid):
        raise KgError(f"the preset is of the {' and '.join(laid)}", value=preset, fix=f"Give them: --{laid[0]} FILE.")
    config = KgConfig(**{table: Source(preset=preset) for table, files in given.items() if files and table in laid})
    config = config.at(events, items, users, columns, facts)
    unlaid = {table: getattr(config, table) for table in _TABLES if getattr(config, table).paths and table not in laid}
    triples = of_tables(config.facts, Path())
    named = {table: _named(table, source) for table, source in unlaid.items()}
    if facts and triples.paths:
        named["facts"] = config.facts.model_copy(update={"columns": _named("facts", triples).columns})
        unlaid["facts"] = triples
    config = config.model_copy(update=named)
    missing = [f"{_prefix(table)}{name}" for table, source in named.items() for name in _missing(table, source)]
    found = Guess(config, {}, missing, _unused(named["events"]) if "events" in named else ())
    if not (partial or found.is_enough):
        raise _not_enough(found, unlaid)
    whole = with_presets(config)
    absent = {name: "NULL" for name in missing if name in _NEEDED["events"]}
    seen = look_into(whole.events.model_copy(update={"columns": whole.events.columns | absent}), engine or Engine())
    rules = [Rule(name="repeats"), *(Rule(name=f"no {name}", where=f"{name} IS NULL") for name in _NEEDED["events"])]
    if seen.negative:
        rules.append(Rule(name="returns", where="quantity < 0", action="return"))
    told = {"kinds": seen.kinds, "time_format": seen.time_format, "decimal": seen.decimal}
    config = config.model_copy(
        update={
            "shop": Shop(target_kinds=(seen.target,)),
            "events": config.events if "events" in laid else config.events.model_copy(update=told),
            "clean": tuple(rules),
            "derive": Derive(user_attributes=("country",) if "user_country" in whole.events.columns else ()),
        }
    )
    mapping: dict[str, str] = {}
    for table in _NEEDED:
        for name, text in getattr(whole, table).columns.items():
            if not text.startswith("'"):  # a column, no constant; what it means in the events comes first
                mapping.setdefault(text, f"{_prefix(table)}{name}")
    return replace(found, config=config, mapping=mapping, formats=seen.formats, unknown=seen.unknown)


def _prefix(table: str) -> str:
    return "" if table == "events" else f"{table}."


def _named(table: str, source: Source) -> Source:
    """The source with what has a usual name; of items and users the other columns stay, under their own names."""
    raw = alike(source, Path())[0].columns
    columns = usual(raw, table) | source.columns
    if table == "events" and "value" in columns:
        columns = {"kind": "'rating'"} | columns
    keep = () if table in ("events", "facts") else tuple(name for name in raw if name not in columns.values())
    return source.model_copy(update={"columns": columns, "keep": keep})


def _missing(table: str, source: Source) -> list[str]:
    needed = (*_NEEDED[table], *((TIME,) if table == "events" else ()))
    return [name for name in needed if name not in source.columns]


def _unused(events: Source) -> list[str]:
    """The log's columns that no column of ours mentions."""
    said = " ".join(events.columns.values()).lower()
    return [name for name in alike(events, Path())[0].columns if name.lower() not in said]


def _not_enough(found: Guess, sources: Mapping[str, Source]) -> KgError:
    """What is said of the tables that have no usual name for what must be there."""
    needed = [name for name in found.missing if name != TIME]
    tables: dict[str, list[str]] = {}
    for name in needed:
        table, _, column = name.rpartition(".")
        tables.setdefault(table or "events", []).append(repr(column))
    said = [f"no column of the {table} looks like {' or '.join(names)}" for table, names in tables.items()]
    there = "; ".join(f"the {table} have {', '.join(alike(sources[table], Path())[0].columns)}" for table in tables)
    flags = " ".join(f"--column {name}=COLUMN" for name in needed)
    files = ", ".join(path for table in tables for path in sources[table].paths)
    return KgError(" and ".join(said), file=files, fix=f"Say which it is, {flags}: {there}.")
