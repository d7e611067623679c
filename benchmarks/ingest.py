"""How fast a raw log becomes canonical tables: `python benchmarks/ingest.py [EVENTS …]`, 1e6 and 1e7 by default.

A CSV as a shop would export it (text ids, times, prices, sessions; some rows twice, some without a customer) is
written into a temporary folder, then read, cleaned by two rules and saved by 2 threads, in a process of its own.
Printed: events a second from the first byte read to the last byte written, without Python's start, and the most
memory the process held.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

SIZES = (1_000_000, 10_000_000)
BLOCK = 1_000_000  # rows made at once: bounds the memory of the writer
EVENTS_PER_USER, EVENTS_PER_ITEM, EVENTS_PER_SESSION = 50, 200, 5
YEAR = 365 * 86_400
KINDS, KIND_SHARES = ["view", "cart", "purchase"], [0.8, 0.1, 0.1]
ANONYMOUS, REPEATED = 0.02, 0.01
CONFIG = """
[events.columns]
user_id = "customer"
item_id = "sku"
kind = "event"
time = "time"
quantity = "quantity"
price = "price"
session_id = "session"

[[clean]]
name = "repeats"

[[clean]]
name = "no customer"
where = "user_id IS NULL"
"""


def write_log(n: int, path: Path) -> None:
    """Events of n / 50 users with n / 200 items."""
    rng = np.random.default_rng(0)
    popularity = 1 / np.arange(1, n // EVENTS_PER_ITEM + 1) ** 0.8
    with path.open("wb") as file:
        for start in range(0, n, BLOCK):
            block = _rows(rng, min(BLOCK, n - start), n, popularity / popularity.sum())
            options = pa.csv.WriteOptions(include_header=start == 0, quoting_style="none")
            pa.csv.write_csv(block, file, options)


def _rows(rng: np.random.Generator, size: int, n: int, popularity: np.ndarray) -> pa.Table:
    fresh = size - int(size * REPEATED)
    times = rng.integers(1_700_000_000, 1_700_000_000 + YEAR, fresh) * 1_000_000
    users = _ids("customer-", rng.integers(0, n // EVENTS_PER_USER, fresh), 7)
    rows = pa.table(
        {
            "time": pc.strftime(pa.array(times, pa.timestamp("us")).cast(pa.timestamp("s")), "%Y-%m-%d %H:%M:%S"),
            "event": pa.array(KINDS).take(pa.array(rng.choice(len(KINDS), fresh, p=KIND_SHARES))),
            "sku": _ids("SKU", rng.choice(len(popularity), fresh, p=popularity), 6),
            "customer": pc.if_else(pa.array(rng.random(fresh) < ANONYMOUS), "", users),
            "quantity": pa.array(rng.integers(1, 5, fresh)),
            "price": pa.array(rng.integers(99, 19_999, fresh) / 100),
            "session": _ids("s", rng.integers(0, n // EVENTS_PER_SESSION, fresh), 9),
        }
    )
    return rows.take(pa.array(np.r_[:fresh, rng.integers(0, fresh, size - fresh)]))


def _ids(prefix: str, numbers: np.ndarray, digits: int) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(pa.array(numbers).cast(pa.string()), digits, "0"), "")


def measure(folder: Path) -> None:
    """One line of figures about the log in this folder."""
    from kg.config import read_config
    from kg.engine import Engine
    from kg.reading import ingest
    from recsys.measuring import Measured

    log = folder / "log.csv"
    engine = Engine(threads=2, folder=folder)
    engine.sql.execute("SELECT 1")
    with Measured() as cost:
        tables, report = ingest(read_config(folder / "shop.toml"), log, engine)
        tables.save(folder / "tables")
    n, size = report.rows_read, log.stat().st_size / 1e6
    removed = sum(rule.removed for rule in report.rules)
    speed = f"{n / cost.seconds:,.0f} | {size / cost.seconds:,.0f}"
    print(f"| {n:,} | {size:,.0f} | {removed:,} | {cost.seconds:.1f} | {speed} | {cost.peak_mb:,.0f} |", flush=True)


def main() -> None:
    """One process a size."""
    if sys.argv[1:2] == ["measure"]:
        measure(Path(sys.argv[2]))
        return
    print("| events | CSV, MB | rows taken out | s | events/s | MB/s | peak, MB |")
    print("|-------:|--------:|---------------:|--:|---------:|-----:|---------:|", flush=True)
    for n in [int(float(size)) for size in sys.argv[1:]] or SIZES:
        with tempfile.TemporaryDirectory() as folder:
            write_log(n, Path(folder) / "log.csv")
            (Path(folder) / "shop.toml").write_text(CONFIG, encoding="utf-8")
            subprocess.run([sys.executable, __file__, "measure", folder], check=True)


if __name__ == "__main__":
    main()
