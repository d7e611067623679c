"""Accuracy of every scorer and the fusion on a shop's own log: cuts in time × seeds, with what a run costs.

    python benchmarks/accuracy.py configs/online-retail.toml FILE --test 2011-11-06 2011-10-09 2011-09-11

Weights are learned on the five weeks before each cut; the rest of the log after the cut is the test, touched once.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

from recsys.config import PROTOCOLS, Config
from recsys.stages import Job
from recsys.threads import limit
from recsys.workspace import Workspace

WEEKS = 5


def run(config: Config, cut: str, seed: int, threads: int, folder: Path) -> dict[str, Any]:
    """The evaluation per protocol of the main job with one cut."""
    start = datetime.fromisoformat(cut)
    given = {"test_start": start, "validation_start": start - timedelta(weeks=WEEKS)}
    split = config.split.model_copy(update=given)
    job = Job(Workspace(folder), config.model_copy(update={"split": split, "seed": seed}), threads)
    return list(job.run(until="evaluate"))[-1].result


def table(figures: dict[str, list[dict[str, Any]]], seeds: int) -> None:
    for repeats in PROTOCOLS:
        print(f"\nNDCG@10, repeats {repeats}d\n")
        print("| scorer | " + " | ".join(figures) + " |\n|---" + "|---" * len(figures) + "|")
        names = [row["name"] for row in next(iter(figures.values()))[0][repeats]["scorers"]]
        for name in names:
            print(f"| {name} | " + " | ".join(_mean(runs, repeats, name) for runs in figures.values()) + " |")
        gains = [" / ".join(_gain(judged[repeats]) for judged in runs) for runs in figures.values()]
        print(f"| fusion − best single, relative, {seeds} seeds | " + " | ".join(gains) + " |")


def _mean(runs: list[dict[str, Any]], repeats: str, name: str) -> str:
    rows = [row for judged in runs for row in judged[repeats]["scorers"] if row["name"] == name]
    return f"{sum(row['metrics']['ndcg@10']['mean'] for row in rows) / len(rows):.4f}"


def _gain(judged: dict[str, Any]) -> str:
    best = next(row for row in judged["scorers"] if row["name"] == judged["best_single"])["metrics"]["ndcg@10"]["mean"]
    gain = judged["fused_vs_best"]
    return f"{gain['difference'] / best:+.1%} ({gain['low'] / best:+.1%} … {gain['high'] / best:+.1%})"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("config", type=Path)
    words.add_argument("events", type=Path, nargs="+")
    words.add_argument("--test", nargs="+", required=True, help="first days of the test period")
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--threads", type=int, default=2)
    given = words.parse_args()
    limit(given.threads)
    config = Config.read(given.config).resolved(given.events)
    figures: dict[str, list[dict[str, Any]]] = {}
    for cut in given.test:
        for seed in range(given.seeds):
            with tempfile.TemporaryDirectory() as folder:
                start = perf_counter()
                figures.setdefault(cut, []).append(run(config, cut, seed, given.threads, Path(folder)))
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{cut}, seed {seed}: {perf_counter() - start:.0f} s, peak so far {peak:.0f} MiB", file=sys.stderr)
    version = subprocess.run(
        ["git", "describe", "--always"], capture_output=True, text=True, check=False
    ).stdout.strip()
    print(f"{given.config.name} at {version}")
    table(figures, given.seeds)


if __name__ == "__main__":
    main()
