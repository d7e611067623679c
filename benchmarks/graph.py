"""How the building of a graph grows with the log: `python benchmarks/graph.py [EVENTS …]`, 1e5 to 1e7 by default.

Every size runs in a process of its own, on a log of text ids with power-law popularity. Printed: seconds and memory
that the build adds to the process, bytes an edge (both directions), seconds to save and to open mapped, and the log-log
slope of the build.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
EVENTS_PER_USER, EVENTS_PER_ITEM = 50, 200
YEAR = 365 * 86_400
KINDS, KIND_SHARES = ["view", "cart", "purchase"], [0.8, 0.1, 0.1]


def write_log(n: int, path: Path) -> None:
    """Events of n / 50 users with n / 200 items, in the order of time."""
    rng = np.random.default_rng(0)
    n_users, n_items = n // EVENTS_PER_USER, n // EVENTS_PER_ITEM
    popularity = 1 / np.arange(1, n_items + 1) ** 0.8
    items = rng.choice(n_items, n, p=popularity / popularity.sum())
    times = np.sort(rng.integers(1_700_000_000, 1_700_000_000 + YEAR, n)) * 1_000_000
    table = {
        "user_id": pa.array([f"user-{user}" for user in range(n_users)]).take(pa.array(rng.integers(0, n_users, n))),
        "item_id": pa.array([f"item-{item}" for item in range(n_items)]).take(pa.array(items)),
        "kind": pa.array(KINDS).take(pa.array(rng.choice(len(KINDS), n, p=KIND_SHARES))),
        "time": pa.array(times, pa.timestamp("us")),
        "value": pa.nulls(n, pa.float64()),
    }
    pq.write_table(pa.table(table), path)


def peak_mib() -> float:
    """The most memory this process has held (`ru_maxrss` would count what its parent held before it started)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(path: Path) -> None:
    """One line of figures about the log in this file."""
    import kg
    from kg.engine import Engine
    from kg.graph_store import load, save

    engine = Engine(threads=2)
    empty = kg.Tables.of(events=pq.read_schema(path).empty_table(), engine=engine)
    tables = empty.with_events(engine.connection.read_parquet(path))
    before = peak_mib()
    start = perf_counter()
    graph = kg.build(tables)
    built = perf_counter() - start
    peak = peak_mib() - before
    n = sum(map(len, graph.relations.values()))
    backward = sum(sum(part.nbytes for part in edges.reverse) for edges in graph.relations.values())
    start = perf_counter()
    save(graph, path.with_suffix(".graph"))
    saved = perf_counter() - start
    start = perf_counter()
    load(path.with_suffix(".graph"), verify=False)
    opened = perf_counter() - start
    bytes_an_edge = (graph.nbytes + backward) / n
    print(n, round(built, 3), round(peak), round(bytes_an_edge, 1), round(saved, 2), round(opened, 2))


def main(sizes: list[int]) -> None:
    print(f"{'events':>12}{'build s':>9}{'peak MiB':>10}{'B an edge':>11}{'save s':>8}{'open s':>8}", flush=True)
    points = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "log.parquet")
            write_log(size, path)
            command = [sys.executable, __file__, "--measure", str(path)]
            figures = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        n, seconds, peak, bytes_an_edge, saved, opened = map(float, figures)
        print(f"{n:>12,.0f}{seconds:>9.2f}{peak:>10,.0f}{bytes_an_edge:>11.1f}{saved:>8.2f}{opened:>8.2f}", flush=True)
        points.append((np.log(n), np.log(seconds)))
    if len(points) > 1:
        log_sizes, log_seconds = np.array(points).T
        print(f"log-log slope of the build: {np.polyfit(log_sizes, log_seconds, 1)[0]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]))
    else:
        main([int(float(size)) for size in sys.argv[1:]] or list(SIZES))
