"""Where relational steps run when a shop outgrows one machine: the same Ibis expressions on Spark.

Raw files are read by DuckDB, once, into canonical Parquet; from there to the edges everything may run here, to the same
content hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kg.config import KgConfig
from kg.engine import Engine, Relational
from kg.errors import KgError

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_ALWAYS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
_LOCAL = {"spark.driver.memory": "2g", "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


@dataclass(frozen=True, eq=False)
class Spark:
    """A Spark session: `threads` cores of this machine, or whatever cluster `settings` (such as spark.master) name.

    `connection` raises KgError where pyspark or Java is missing, or the cluster does not answer.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    threads: int = 2
    timestamp: ClassVar[str] = "timestamp"

    @cached_property
    def connection(self) -> Any:
        """The Ibis backend."""
        import ibis

        try:
            from py4j.protocol import Py4JError
            from pyspark.errors import PySparkException
            from pyspark.sql import SparkSession
        except ImportError as error:
            fix = "pip install 'cartograph-recsys[spark]', and Java 17."
            raise KgError("the engine is Spark, which is not installed", value=error.name, fix=fix) from error
        master = self.settings.get("spark.master", f"local[{self.threads}]")
        local = {**_LOCAL, "spark.sql.shuffle.partitions": str(self.threads)} if master.startswith("local") else {}
        builder = SparkSession.builder.appName("cartograph").master(master)
        for name, value in {**_ALWAYS, **local, **self.settings}.items():
            builder = builder.config(name, value)
        try:
            return ibis.pyspark.connect(builder.getOrCreate())
        except (PySparkException, Py4JError) as error:
            cause = str(getattr(error, "java_exception", error)).splitlines()[0]
            fix = "Install Java 17 (JAVA_HOME), and check [spark] in the config."
            raise KgError(f"Spark does not start: {cause}", value=master, fix=fix) from error

    def register(self, table: pa.Table) -> ir.Table:
        """An Arrow table as one of this engine."""
        from ibis.util import gen_name

        name = gen_name("cartograph")
        self.connection._session.createDataFrame(table).createOrReplaceTempView(name)
        return self.connection.table(name)

    def read(self, path: str | Path) -> ir.Table:
        """A Parquet file or folder, lazily; any place that Spark can read."""
        return self.connection.read_parquet(str(path))

    def write(self, table: ir.Table, path: Path) -> None:
        """One Parquet file, a batch of rows at a time."""
        import pyarrow.parquet as pq

        with table.to_pyarrow_batches() as batches, pq.ParquetWriter(path, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)


def chosen(config: KgConfig, threads: int) -> Relational:
    """The engine that a shop's config names."""
    return Spark(config.spark, threads) if config.engine == "spark" else Engine(threads)
