"""How fast a stored graph opens: `python benchmarks/opening.py [EDGES]`, 5e7 by default; 2 GB of memory and of disk.

Users view 40, put into the cart 5 and buy 5 of items drawn evenly. Printed, each by a process of its own: seconds to
open the graph, to ask for one user's neighbours (which compares the columns it needs with their hashes), to touch all
columns, and to compare all files as `graph check` does, by the clock and of the processor (all threads); and the memory
that opening adds.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

DEGREES = {"view": 40, "cart": 5, "purchase": 5}
EVENTS_PER_ITEM = 200
YEAR = 365 * 86_400


def write(n: int, folder: Path) -> None:
    """A graph of n events."""
    from kg.graph import Edges, KnowledgeGraph, numbered
    from kg.graph_store import save

    rng = np.random.default_rng(0)
    n_users, n_items = n // sum(DEGREES.values()), n // EVENTS_PER_ITEM
    users, items = ([f"{kind}-{place}" for place in range(size)] for kind, size in (("u", n_users), ("i", n_items)))
    relations = {}
    for kind, degree in DEGREES.items():
        shape = (n_users, degree)
        indices = np.sort(rng.integers(0, n_items, shape, np.int32), axis=1).ravel()
        relations["user", kind, "item"] = Edges(
            np.arange(n_users + 1, dtype=np.int32) * degree,
            indices,
            np.ones(len(indices), np.float32),
            rng.integers(0, YEAR, len(indices), np.int32),
            np.zeros(len(indices), np.uint16),
        )
    nodes = numbered({"user": (users, users), "item": (items, items)})
    save(KnowledgeGraph(nodes, relations, 1_700_000_000, YEAR), folder)


def measure(what: str, folder: Path) -> None:
    """Seconds of one thing, and MiB that opening adds."""
    import pandas as pd  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    import kg.graph  # noqa: F401  # what is imported is not what is measured
    from kg.files import file_hash
    from kg.graph_store import load
    from kg.paths import neighbours

    before, start = resident_mib(), clocks()
    if what == "check":
        for file in folder.iterdir():
            file_hash(file)
        report(start)
        return
    graph = load(folder)
    if what == "open":
        report(start, resident_mib() - before)
        return
    start = clocks()
    if what == "neighbours":
        neighbours(graph, 7)
    else:
        assert graph.nbytes
    report(start)


def clocks() -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    return perf_counter(), process_time()


def report(start: tuple[float, float], added: float = 0) -> None:
    print(*(now - before for now, before in zip(clocks(), start, strict=True)), added)


def resident_mib() -> float:
    """What this process holds, without the pages of mapped files."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def main(n: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary, "graph")
        command = [sys.executable, __file__]
        subprocess.run([*command, "--write", str(n), str(folder)], check=True)
        size = sum(file.stat().st_size for file in folder.iterdir())
        print(f"{n:,} edges, {size / 1e6:,.0f} MB on disk")
        for what in ("open", "neighbours", "touch", "check"):
            told = subprocess.run([*command, what, str(folder)], check=True, capture_output=True, text=True).stdout
            seconds, busy, added = map(float, told.split())
            memory = f"{added:>8,.0f} MiB" if added else ""
            print(f"{what:<12}{seconds:>8.2f} s{busy:>8.2f} s of processor{memory}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(int(sys.argv[2]), Path(sys.argv[3]))
    elif len(sys.argv) == 3:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(float(sys.argv[1])) if sys.argv[1:] else 50_000_000)
