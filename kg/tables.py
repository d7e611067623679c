"""The canonical tables of a shop: events, items, users, facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.columns import FACTS, TABLES, Column
from kg.config import KgConfig
from kg.engine import Engine, Relational, memory_told
from kg.errors import KgError
from kg.files import replacing_folder
from kg.html import counts_table

if TYPE_CHECKING:
    import ibis.expr.types as ir

_ARROW = {"string": "string", "float64": "float64", "timestamp": "timestamp[us]", "boolean": "bool"}


@dataclass(frozen=True, eq=False)
class Tables:
    """Four lazy Ibis tables of one engine, with the columns of `kg.columns` first and the shop's own after them.

    frames  the library whose frames they were made of, so that frames of the same kind can be handed out
    config  the shop's, where they were read by one: how to derive and split
    """

    engine: Relational = field(repr=False)
    events: ir.Table
    items: ir.Table
    users: ir.Table
    facts: ir.Table
    frames: str = "pandas"
    config: KgConfig = field(default_factory=KgConfig)

    @classmethod
    def of(
        cls, events: Any, items: Any = None, users: Any = None, facts: Any = None, engine: Relational | None = None
    ) -> Tables:
        """From data frames (pandas, polars, lazy ones too, Arrow) or dicts of columns, by the canonical column names.

        Missing columns are added, empty; of events `kind` defaults to "purchase". Raises KgError naming the table,
        column and first row where a value has the wrong type or is required and missing.
        """
        engine = engine or Engine()
        given = {"events": events, "items": items, "users": users, "facts": facts}
        arrow = {name: _canonical(name, frame, TABLES[name]) for name, frame in given.items()}
        return cls(engine, **{name: engine.register(table) for name, table in arrow.items()}, frames=_library(events))

    @classmethod
    def load(cls, folder: Path | str, engine: Relational | None = None) -> Tables:
        """From the folder that `save` wrote, wherever the engine can read.

        Canonical columns that were not known then are added, empty. Raises KgError naming a file that is missing here.
        """
        engine = engine or Engine()
        paths = {name: f"{folder}/{name}.parquet" for name in TABLES}
        for path in paths.values():
            if "://" not in path and not Path(path).exists():
                fix = "Name a folder that `Tables.save` wrote."
                raise KgError("there are no tables here", file=Path(path), fix=fix)
        read = {name: engine.read(path) for name, path in paths.items()}
        return cls(engine, **{name: _completed(engine, table, TABLES[name]) for name, table in read.items()})

    def __repr__(self) -> str:
        columns = (f"{name}: {len(getattr(self, name).columns)} columns" for name in TABLES)
        return f"Tables({', '.join(columns)})"

    def _repr_html_(self) -> str:
        """Rows of each table, and events by kind: the lazy tables are read for it."""
        kinds = self.events.kind.value_counts(name="n").order_by("kind").to_pyarrow().to_pylist()
        rows = {name: getattr(self, name).count().to_pyarrow().as_py() for name in TABLES}
        return counts_table({"rows": rows, "events": {row["kind"]: row["n"] for row in kinds}})

    def save(self, folder: Path | str) -> None:
        """Write one Parquet file per table; an existing folder is replaced when all are written."""
        with replacing_folder(Path(folder)) as temporary, memory_told():
            for name in TABLES:
                self.engine.write(getattr(self, name), temporary / f"{name}.parquet")

    def with_events(self, events: ir.Table) -> Tables:
        return replace(self, events=events)

    def with_more(self, more: Tables) -> Tables:
        """With the events and facts of other tables too; a row of their items or users takes the place of one of ours.

        Raises KgError where a column of the shop's own is of another type there.
        """
        new = {name: self.engine.register(getattr(more, name).to_pyarrow()) for name in TABLES}
        old = {name: getattr(self, name) for name in TABLES}
        old |= {name: old[name].anti_join(new[name], key) for name, key in (("items", "item_id"), ("users", "user_id"))}
        both = {}
        for name in TABLES:
            first, second = aligned(old[name], new[name])
            both[name] = first.union(second)
        catalogue = {name: self.engine.register(both[name].to_pyarrow()) for name in TABLES if name != "events"}
        return replace(self, **both | catalogue)

    def with_facts(self, facts: ir.Table) -> Tables:
        """With more facts, given by (some of) the columns of `kg.columns.FACTS`."""
        rows = _completed(self.engine, facts, FACTS).select(*self.facts.columns).cast(self.facts.schema())
        return replace(self, facts=self.facts.union(rows))


def aligned(first: ir.Table, second: ir.Table) -> tuple[ir.Table, ir.Table]:
    """Two tables with the columns of both, in one order; what one of them lacks is empty there.

    Raises KgError where a column has one type here and another there.
    """
    import ibis

    schema = dict(second.schema()) | dict(first.schema())
    for name, kind in second.schema().items():
        if kind != schema[name]:
            fix = f"Convert one of them: it is {schema[name]} in one table, {kind} in the other."
            raise KgError("a column is of two types", column=name, fix=fix)

    def whole(table: ir.Table) -> ir.Table:
        absent = {name: ibis.null(kind) for name, kind in schema.items() if name not in table.columns}
        return table.mutate(**absent).select(*schema)

    return whole(first), whole(second)


def _library(frame: Any) -> str:
    """The library to hand frames out in: of a dict, pandas."""
    import pyarrow as pa

    if isinstance(frame, dict | pa.Table):
        return "pandas" if isinstance(frame, dict) else pa.__name__
    import narwhals as nw

    return str(nw.get_native_namespace(frame).__name__)


def _arrow(name: str, frame: Any) -> Any:
    """Any frame as an Arrow table; KgError where it is none."""
    import narwhals as nw
    import pyarrow as pa

    try:
        if isinstance(frame, dict):
            return pa.table(frame)
        found = nw.from_native(frame)
        return (found.collect() if isinstance(found, nw.LazyFrame) else found).to_arrow()
    except (TypeError, AttributeError, pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise KgError(
            f"the {name} are no frame",
            value=type(frame).__name__,
            fix="Give a frame of pandas, polars or Arrow, or a dict of columns; files are read by kg.read.",
        ) from error


def _completed(engine: Relational, table: ir.Table, columns: Iterable[Column]) -> ir.Table:
    """A table with the canonical columns that it lacks, empty."""
    import ibis

    types = {"timestamp": engine.timestamp}
    absent = [column for column in columns if column.name not in table.columns]
    return table.mutate(**{column.name: ibis.null(types.get(column.type, column.type)) for column in absent})


def _canonical(name: str, frame: Any, columns: Iterable[Column]) -> Any:
    """An Arrow table with the canonical columns, checked and cast, then the shop's own."""
    import pyarrow as pa

    columns = tuple(columns)
    if frame is None:
        return pa.schema([(column.name, pa.type_for_alias(_ARROW[column.type])) for column in columns]).empty_table()
    table = frame if isinstance(frame, pa.Table) else _arrow(name, frame)
    arrays = {column.name: _cast(name, table, column) for column in columns}
    return pa.table(arrays | {other: table[other] for other in table.column_names if other not in arrays})


def _cast(table_name: str, table: Any, column: Column) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.type_for_alias(_ARROW[column.type])
    if column.name not in table.column_names:
        if column.required and column.default is None:
            raise KgError(
                f"the {table_name} have no column {column.name!r} ({column.meaning})",
                fix=f"Give the column, or rename one; there are {', '.join(table.column_names)}.",
            )
        return pa.repeat(pa.scalar(column.default, wanted), table.num_rows)
    values = table[column.name]
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        values = pc.cast(values, pa.timestamp("us", tz="UTC")).cast(wanted)
    if column.required and values.null_count:
        row = pc.index(pc.is_null(values), True).as_py()
        raise KgError(
            f"a missing {column.name} in the {table_name}",
            row=row + 2,
            column=column.name,
            fix="Drop the row or fill the value.",
        )
    try:
        return pc.cast(values, wanted)
    except pa.ArrowInvalid as error:
        raise KgError(
            f"a {column.type} was expected in the {table_name}: {error}",
            column=column.name,
            fix=f"Convert the column to {column.type}.",
        ) from error
