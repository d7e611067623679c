"""What a graph network takes to train on a large graph, beside what it says before it starts.

    python benchmarks/bounded.py --events 10000000 '{"embedding_size": 32, "n_negatives": 4, "batch_size": 65536}'

A demo shop of so many events is generated, read, cleaned and made into a graph with its catalogue; then, in a process
of its own that opens the graph, LightGCN runs one epoch: as many steps as the pairs fill, or `--steps`, from which the
epoch is reckoned. Printed: the bytes said, the most that the process held beyond what it held with the graph open, and
processor seconds.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

from kg.config import DEMO
from kg.demo_shop import DemoShop, generate
from kg.engine import Engine
from recsys.threads import limit

EVENTS_PER_USER, EVENTS_PER_ITEM = 50, 500


def build(n_events: int, folder: Path, threads: int) -> None:
    """The graph of a demo shop, in a folder."""
    import kg
    from kg.graph_store import save
    from kg.reading import ingest
    from kg.steps.derive import derive
    from recsys.config import Config

    generate(DemoShop(users=n_events // EVENTS_PER_USER, items=n_events // EVENTS_PER_ITEM, events=n_events), folder)
    config = Config.read(DEMO).model_copy(update={"folder": folder})
    tables, _ = ingest(config, engine=Engine(threads))
    save(kg.build(derive(tables, config.derive)), folder / "graph")


def train(folder: Path, given: dict[str, object], n_steps: int | None) -> None:
    """One line for each figure."""
    from kg.graph_store import load
    from recsys.journal import Progress
    from recsys.measuring import Measured
    from recsys.scorers.interactions import strongest
    from recsys.scorers.lightgcn import LightGCN
    from recsys.training import Run  # brings PyTorch in, before what is held is looked at

    graph = load(folder / "graph", verify=False)
    edges = sum(map(len, graph.relations.values()))
    scorer = LightGCN(**{"first": "random", **given})  # type: ignore[arg-type]
    n_pairs = strongest(graph, scorer.weighting).nnz
    whole = math.ceil(n_pairs / scorer.batch_size)
    steps = min(n_steps or whole, whole)
    print(f"{graph.n_nodes:,} nodes, {edges:,} edges, {n_pairs:,} pairs; {whole:,} steps an epoch, {steps:,} run")
    told: list[Progress] = []
    scorer = LightGCN(**{"first": "random", **given, "n_steps": steps, "n_epochs": 1})  # type: ignore[arg-type]
    before, start = _held(), process_time()
    with Measured() as work:
        scorer.fit(graph, run=Run(say=lambda text: print(text, flush=True), progress=told.append))
    taken = work.peak_mb - before
    print(f"held {before:,.0f} MB before, {taken:,.0f} MB more at most; {process_time() - start:.0f} s of processor")
    print(f"{told[-1]}; an epoch {told[-1].seconds * whole / steps:,.0f} s")


def _held() -> float:
    """MB that this process holds now."""
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) * 1.024 / 1000


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("given", nargs="?", default="{}", help="parameters of lightgcn, JSON")
    words.add_argument("--events", type=int, default=10_000_000)
    words.add_argument("--steps", type=int, help="to run; none: a whole epoch")
    words.add_argument("--folder", type=Path, help="keeps the shop and its graph; one that is there is taken as it is")
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--train", action="store_true", help=argparse.SUPPRESS)
    told = words.parse_args()
    limit(told.threads)
    if told.train:
        train(told.folder, json.loads(told.given), told.steps)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = told.folder or Path(temporary)
        if not (folder / "graph").exists():
            build(told.events, folder, told.threads)
        again = [*sys.argv, "--train"] if told.folder else [*sys.argv, "--train", "--folder", str(folder)]
        subprocess.run([sys.executable, *again], check=True)


if __name__ == "__main__":
    main()
