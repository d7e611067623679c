"""Where relational steps run: Ibis on DuckDB, in this process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, eq=False)
class Engine:
    """A DuckDB database in memory that may use `threads` cores and `memory_limit` (such as "2GB") before it spills."""

    threads: int = 2
    memory_limit: str = "2GB"

    @cached_property
    def connection(self) -> Any:
        """The Ibis backend."""
        import ibis

        settings = {"threads": self.threads, "memory_limit": self.memory_limit, "preserve_insertion_order": False}
        connection = ibis.duckdb.connect(**settings)
        connection.raw_sql("SET TimeZone = 'UTC'")
        return connection
