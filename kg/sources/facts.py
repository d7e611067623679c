"""Facts of RDF files and of tables of triples.

Statements are filtered as they stream by; what stays stands in a table of the engine, which spills to disk, so that the
memory is bounded whatever the size of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kg.engine import Engine, memory_told
from kg.source_config import Facts
from kg.sources.files import RDF, find, format_of
from kg.sources.joining import LABELS, TYPE, end_of, join
from kg.sources.mapping import literal
from kg.sources.statements import statements
from kg.vocabulary import local

QUANTITY = "quantity:"
"""How the kind of a number with a unit begins."""
_XSD = "http://www.w3.org/2001/XMLSchema#"
_BATCH = 50_000  # statements handed to the engine at once
_NUMBER = re.compile(r"\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*(\S*)\s*")
_COLUMNS = {
    "head": "VARCHAR", "relation": "VARCHAR", "tail": "VARCHAR", "head_type": "VARCHAR", "tail_type": "VARCHAR",
    "literal": "BOOLEAN", "confidence": "DOUBLE", "provenance": "VARCHAR", "named": "BOOLEAN",
}  # fmt: skip
"""Those of triples; `named`: by IRIs, so that ids are no accident."""


@memory_told()
def read_facts(engine: Engine, section: Facts, folder: Path, views: Mapping[str, str]) -> str:
    """The name of a table of the engine with the columns of `kg.columns.FACTS`.

    views  of what has been read of the shop so far: events, items; facts and links where those are tables

    Raises KgError naming file, row and column of what is malformed.
    """
    sql, name = engine.sql, engine.fresh("facts")
    sql.execute(f"CREATE TABLE {name}_raw ({', '.join(f'{column} {type_}' for column, type_ in _COLUMNS.items())})")
    for path in rdf_files(section, folder):
        for batch in kept(path, format_of(path, section), section):
            sql.register("batch", batch)
            sql.execute(f"INSERT INTO {name}_raw SELECT * FROM batch")
            sql.unregister("batch")
    if "facts" in views:
        wanted = _Wanted(section.predicates)
        told = [row[0] for row in sql.execute(f"SELECT DISTINCT relation FROM {views['facts']}").fetchall()]
        some = ", ".join(literal(relation) for relation in told if wanted[relation]) or "NULL"
        columns = ", ".join(column for column in _COLUMNS if column != "named")
        sql.execute(f"INSERT INTO {name}_raw SELECT {columns}, false FROM {views['facts']} WHERE relation IN ({some})")
    return join(sql, name, section, views)


def rdf_files(section: Facts, folder: Path) -> list[Path]:
    """The files of statements among those of the section."""
    return [path for path in find(section.paths, folder) if format_of(path, section) in RDF]


def of_tables(section: Facts, folder: Path) -> Facts:
    """The section with only those of its files that are tables of triples."""
    rdf = set(rdf_files(section, folder))
    return section.model_copy(
        update={"path": tuple(str(path) for path in find(section.paths, folder) if path not in rdf)}
    )


class _Wanted(dict[str, bool]):
    """Whether the config keeps a relation, worked out once for each."""

    def __init__(self, predicates: tuple[str, ...] | dict[str, str]) -> None:
        super().__init__()
        patterns = predicates.values() if isinstance(predicates, dict) else predicates
        self._exact = {pattern for pattern in patterns if not pattern.endswith("*")}
        self._starts = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*"))

    def __missing__(self, relation: str) -> bool:
        everything = not (self._exact or self._starts)
        self[relation] = everything or relation in self._exact or relation.startswith(self._starts)
        return self[relation]


def kept(path: Path, form: str, section: Facts) -> Iterator[Any]:
    """Arrow tables of the statements that the section keeps, in the order of the file.

    A literal's `tail_type` says what it is: string, string@de, decimal, date … or quantity:kg.
    """
    from pyoxigraph import Literal, NamedNode

    wanted = _Wanted(section.predicates)
    wanted |= dict.fromkeys((*LABELS, *((TYPE,) if section.types else ())), True)
    spoken = _Spoken(section.languages)
    node = _Blank(path.name)
    rows: list[tuple[str, str, str, str | None]] = []
    for block in statements(path, form):
        for quad in [quad for quad in block if wanted[quad.predicate.value]]:
            subject, thing = quad.subject, quad.object
            head = subject.value if subject.__class__ is NamedNode else node(subject)
            if thing.__class__ is NamedNode:
                rows.append((head, quad.predicate.value, thing.value, None))
            elif thing.__class__ is not Literal:
                rows.append((head, quad.predicate.value, node(thing), None))
            elif not (language := thing.language):
                rows.append((head, quad.predicate.value, *_value(thing.value, thing.datatype.value)))
            elif spoken[language]:
                rows.append((head, quad.predicate.value, thing.value, f"string@{language}"))
        if len(rows) >= _BATCH:
            yield _table(path.name, rows)
            rows = []
    if rows:
        yield _table(path.name, rows)


def _table(name: str, rows: list[tuple[str, str, str, str | None]]) -> Any:
    import pyarrow as pa

    head, relation, tail, kind = (pa.array(column, pa.string()) for column in zip(*rows, strict=True))
    n = len(rows)
    columns = {
        "head": head,
        "relation": relation,
        "tail": tail,
        "head_type": pa.nulls(n, pa.string()),
        "tail_type": kind,
        "literal": kind.is_valid(),
        "confidence": pa.nulls(n, pa.float64()),
        "provenance": pa.repeat(name, n),
        "named": pa.repeat(pa.scalar(value=True), n),
    }
    return pa.table(columns)


@dataclass
class _Blank:
    """Names for the nodes of a file that have no IRI: the same each time that the file is read."""

    file: str
    known: dict[str, str] = field(default_factory=dict)

    def __call__(self, node: Any) -> str:
        return self.known.setdefault(str(node), f"_:{self.file}#{len(self.known) + 1}")


class _Spoken(dict[str, bool]):
    """Whether a text in a language is kept, worked out once for each: it is one that is wanted or a variety of it."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        super().__init__()
        self._wanted = tuple(one.lower() for one in languages)  # as the parser writes them

    def __missing__(self, language: str) -> bool:
        alike = any(language == one or language.startswith(f"{one}-") for one in self._wanted)
        self[language] = alike or not self._wanted
        return self[language]


def _value(text: str, datatype: str) -> tuple[str, str]:
    """A literal's text and what it is; a number of another datatype than XML Schema's is a quantity of that unit."""
    if datatype.startswith(_XSD):
        return text, datatype[len(_XSD) :]
    name = local(datatype, "unit") or end_of(datatype)
    if found := _NUMBER.fullmatch(text):
        return found[1], f"{QUANTITY}{found[2] or name}"
    return text, name
