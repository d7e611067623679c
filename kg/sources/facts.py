"""Facts of RDF files and of tables of triples.

Statements are filtered as they stream by; what stays stands in a table of the engine, which spills to disk, so that the
memory is bounded whatever the size of a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import count, islice
from pathlib import Path
from typing import Any

from kg.config import Facts
from kg.engine import Engine, memory_told
from kg.sources.files import RDF, find, format_of
from kg.sources.joining import LABELS, TYPE, end_of, join
from kg.sources.mapping import literal
from kg.sources.statements import statements

_XSD = "http://www.w3.org/2001/XMLSchema#"
_BATCH = 100_000  # statements handed to the engine at once
_QUANTITY = re.compile(r"\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*(\S*)\s*")
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
        for batch in _batches(path, format_of(path, section), section):
            sql.register("batch", batch)
            sql.execute(f"INSERT INTO {name}_raw SELECT * FROM batch")
            sql.unregister("batch")
    if "facts" in views:
        wanted = _Wanted(section.predicates)
        told = [row[0] for row in sql.execute(f"SELECT DISTINCT relation FROM {views['facts']}").fetchall()]
        kept = ", ".join(literal(relation) for relation in told if wanted[relation]) or "NULL"
        columns = ", ".join(column for column in _COLUMNS if column != "named")
        sql.execute(f"INSERT INTO {name}_raw SELECT {columns}, false FROM {views['facts']} WHERE relation IN ({kept})")
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


def _batches(path: Path, form: str, section: Facts) -> Iterator[Any]:
    """Arrow tables of the statements that the section keeps, in the order of the file."""
    import pyarrow as pa

    rows = _rows(path, form, section)
    while block := list(islice(rows, _BATCH)):
        head, relation, tail, kind = zip(*block, strict=True)
        n = len(block)
        yield pa.table(
            {
                "head": pa.array(head, pa.string()),
                "relation": pa.array(relation, pa.string()),
                "tail": pa.array(tail, pa.string()),
                "head_type": pa.nulls(n, pa.string()),
                "tail_type": pa.array(kind, pa.string()),
                "literal": pa.array([text is not None for text in kind]),
                "confidence": pa.nulls(n, pa.float64()),
                "provenance": pa.repeat(path.name, n),
                "named": pa.repeat(pa.scalar(value=True), n),
            }
        )


def _rows(path: Path, form: str, section: Facts) -> Iterator[tuple[str, str, str, str | None]]:
    """Head, relation, tail, and of a literal what it is: string, string@de, decimal, date … or quantity:kg."""
    from pyoxigraph import Literal, NamedNode

    wanted = _Wanted(section.predicates)
    wanted |= dict.fromkeys((*LABELS, *((TYPE,) if section.types else ())), True)
    spoken = [one.lower() for one in section.languages]  # as the parser writes them
    numbers = count(1)
    blank: dict[str, str] = {}

    def node(of: Any) -> str:
        """An IRI, or a name for a node without one: the same for the same file."""
        if of.__class__ is NamedNode:
            return str(of.value)
        key = str(of)
        if key not in blank:
            blank[key] = f"_:{path.name}#{next(numbers)}"
        return blank[key]

    for quad in statements(path, form):
        relation = quad.predicate.value
        if not wanted[relation]:
            continue
        thing = quad.object
        if thing.__class__ is not Literal:
            yield node(quad.subject), relation, node(thing), None
        elif not (language := thing.language):
            text, kind = _value(thing.value, thing.datatype.value)
            yield node(quad.subject), relation, text, kind
        elif not spoken or any(_speaks(language, one) for one in spoken):
            yield node(quad.subject), relation, thing.value, f"string@{language}"


def _speaks(language: str, wanted: str) -> bool:
    """Whether a language is the one wanted or a variety of it."""
    return language == wanted or language.startswith(f"{wanted}-")


def _value(text: str, datatype: str) -> tuple[str, str]:
    """A literal's text and what it is; a number of another datatype than XML Schema's is a quantity of that unit."""
    if datatype.startswith(_XSD):
        return text, datatype[len(_XSD) :]
    name = end_of(datatype)
    if found := _QUANTITY.fullmatch(text):
        return found[1], f"quantity:{found[2] or name}"
    return text, name
