"""Where relational steps run: Ibis, on DuckDB in this process unless said otherwise."""

from __future__ import annotations

import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, ClassVar, Protocol
from uuid import uuid4

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

DICTIONARY = 1_000
"""Values of a column in a group of rows of a Parquet file; beyond, a dictionary takes longer than it saves."""


class Relational(Protocol):
    """An Ibis backend, and what every backend does in its own way. `timestamp`: its name of a time in microseconds."""

    timestamp: ClassVar[str]

    @property
    def connection(self) -> Any:
        """The Ibis backend."""

    def register(self, table: pa.Table) -> ir.Table:
        """An Arrow table as one of this engine."""

    def read(self, path: str | Path) -> ir.Table:
        """A Parquet file, lazily."""

    def write(self, table: ir.Table, path: Path) -> None:
        """A table as one Parquet file."""


@dataclass(frozen=True, eq=False)
class Engine:
    """A DuckDB database in memory that may use `threads` cores and `memory_limit` (such as "2GB") before it spills.

    It spills into `folder` (none: the system's for temporary files). Rows keep the order of their files, so that the
    same input writes the same Parquet.
    """

    threads: int = 2
    memory_limit: str = "2GB"
    folder: Path | None = None
    timestamp: ClassVar[str] = "timestamp(6)"

    @cached_property
    def connection(self) -> Any:
        """The Ibis backend."""
        import ibis

        spill = (self.folder or Path(gettempdir())) / f"cartograph-{uuid4().hex}"  # made when it is needed
        connection = ibis.duckdb.connect(
            threads=self.threads, memory_limit=self.memory_limit, temp_directory=str(spill)
        )
        connection.raw_sql("SET TimeZone = 'UTC'")
        connection.raw_sql("SET enable_progress_bar = false")  # it is drawn on stdout, where results go
        # with the connection, not the engine: a lazy table that outlives the engine still needs it
        weakref.finalize(connection, shutil.rmtree, spill, ignore_errors=True)
        return connection

    @property
    def sql(self) -> Any:
        """The DuckDB connection below Ibis, for what only DuckDB can do: reading raw files with their rejects."""
        return self.connection.con

    def register(self, table: pa.Table) -> ir.Table:
        """An Arrow table as one of this engine."""
        name = self.fresh("cartograph")
        self.sql.register(name, table)
        return self.connection.table(name)

    def read(self, path: str | Path) -> ir.Table:
        """A Parquet file, lazily."""
        return self.connection.read_parquet(path)

    def write(self, table: ir.Table, path: Path) -> None:
        """A table as one Parquet file, a group of rows at a time."""
        table.to_parquet(path, dictionary_size_limit=DICTIONARY)

    def fresh(self, name: str) -> str:
        """A name that nothing in this database has."""
        from ibis.util import gen_name

        return str(gen_name(name))


@contextmanager
def memory_told() -> Iterator[None]:
    """Too little memory is a MemoryError, also where DuckDB has its own exception for it."""
    import duckdb

    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise MemoryError(str(error)) from error
