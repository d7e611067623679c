"""NDCG against path share, on the shops of some workspaces: a table, and with --png a picture.

    cartograph run configs/online-retail.toml --events online_retail.parquet --workspace online-retail
    python benchmarks/frontier.py demo online-retail [--more polynomial,rp3_beta] [--png docs/frontier.png]

A workspace has been run until `train`: the scorers keep the parameters found there. `--more` adds scorers as they come.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg.picture import save_picture
from recsys import charts
from recsys.config import PROTOCOLS
from recsys.faithfulness import percent
from recsys.frontier import FLOORS, frontier
from recsys.stages import Job, before_test, before_validation, remembered, train_and_validation
from recsys.threads import limit
from recsys.workspace import Workspace


def said(text: str, *_: object) -> None:
    print(text, file=sys.stderr)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspaces", type=Path, nargs="+")
    words.add_argument("--floors", default=",".join(map(str, FLOORS)))
    words.add_argument("--more", default="", help="other scorers, with their defaults")
    words.add_argument("--png", type=Path, help="where to draw it")
    given = words.parse_args()
    limit(1)
    floors = [float(floor) for floor in given.floors.split(",")]
    drawn = {}
    print("| shop | repeats | floor | told in paths | NDCG@10 | 95 % | of the best | weights, largest first |")
    print("|---|---|---:|---:|---:|---|---:|---|")
    for folder in given.workspaces:
        job = Job(Workspace(folder), remembered(Workspace(folder)), 1, say=said)
        test, recipe = before_test(job)
        more: dict[str, dict[str, Any]] = {name: {} for name in given.more.split(",") if name}
        recipe = replace(recipe, scorers={**recipe.scorers, **more})
        validation, earlier = train_and_validation(job), before_validation(job)
        found = frontier(recipe, validation, earlier, test, job.config, job.conditions(), floors)
        for repeats in PROTOCOLS:
            points = found[repeats]
            drawn[f"{job.config.shop.name}, repeats {repeats}d"] = points
            best = max(point["metrics"]["ndcg@10"]["mean"] for point in points)
            for point in points:
                ndcg = point["metrics"]["ndcg@10"]
                weights = sorted(point["weights"].items(), key=lambda entry: -entry[1])
                cells = [job.config.shop.name, f"{repeats}d", percent(point["floor"]), percent(point["path_share"])]
                cells += [f"{ndcg['mean']:.4f}", f".{ndcg['low']:.3f}–{ndcg['high']:.3f}".replace(".0.", ".")]
                cells += [f"{ndcg['mean'] / best - 1:+.1%}", ", ".join(f"{name} {w:.2f}" for name, w in weights[:5])]
                print(f"| {' | '.join(cells)} |", flush=True)
    if given.png:
        save_picture(charts.frontier(drawn, "ndcg@10").properties(background="white"), given.png)


if __name__ == "__main__":
    main()
