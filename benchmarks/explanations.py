"""How good explanations are, of every scorer and the fusion: one table for the shops of some workspaces.

    cartograph demo --users 300 --items 200 --events 8000 --folder demo-shop --workspace demo
    cartograph run configs/online-retail.toml --events online_retail.parquet --workspace online-retail
    cartograph run configs/complete-journey.toml --events … --workspace complete-journey
    python benchmarks/explanations.py demo online-retail complete-journey

A workspace has been run until `evaluate`; what is measured is kept in it (see docs/explanations.md).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from recsys.config import PROTOCOLS
from recsys.explaining import measure
from recsys.explanation.quality import PAIRS
from recsys.faithfulness import percent, times
from recsys.stages import Job, remembered
from recsys.threads import limit
from recsys.workspace import Workspace

HEADINGS = (
    "shop", "scorer", "items", "adds up", "largest gap", "true edges", "covered", "paths", "falls more", "by",
    "area, strongest first", "area, random", "item p50, ms", "p99", "list p50, ms", "p99",
)  # fmt: skip


def lines(shop: str, measured: dict[str, Any]) -> Iterator[str]:
    for row in measured["by_scorer"]:
        if row["pairs"]:
            fall, cost, areas = row["deletion"], row["latency_ms"], row["deletion"].get("areas", {})
            cells = [shop, row["name"], str(row["pairs"]), percent(row["completeness"]), f"{row['residual_max']:.1e}"]
            cells += [percent(row[name]) for name in ("validity", "covered", "path_share")]
            cells += [percent(fall.get("lower")), times(fall.get("ratio"))]
            cells += [percent(areas.get(name)) for name in ("strongest", "random")]
            cells += [f"{cost[of][quantile]:.1f}" for of in ("pair", "list") for quantile in ("p50", "p99")]
            yield f"| {' | '.join(cells)} |"


def flips(shop: str, measured: dict[str, Any]) -> Iterator[str]:
    for row in measured["by_scorer"]:
        if found := row.get("counterfactual"):
            sizes = " | ".join("–" if size is None else f"{size:.2f}" for size in found["sizes"].values())
            shares = " | ".join(percent(found[name]) for name in ("flipped", "verified", "smallest", "greedy"))
            yield f"| {shop} | {found['pairs']} | {shares} | {sizes} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("workspaces", type=Path, nargs="+")
    words.add_argument("--pairs", type=int, default=PAIRS)
    words.add_argument("--repeats", choices=PROTOCOLS, default="exclude")
    given = words.parse_args()
    limit(1)
    found = {}
    for folder in given.workspaces:
        config = remembered(Workspace(folder))
        print(f"{config.shop.name} …", file=sys.stderr)
        found[config.shop.name] = measure(Job(Workspace(folder), config, 1), given.repeats, given.pairs).result
    print(f"| {' | '.join(HEADINGS)} |\n|---|---{'|---:' * (len(HEADINGS) - 2)}|")
    print("\n".join(line for shop, measured in found.items() for line in lines(shop, measured)))
    print("\n| shop | items | flipped | hold | known smallest | flipped by greedy | size | greedy size |")
    print(f"|---{'|---:' * 7}|")
    print("\n".join(line for shop, measured in found.items() for line in flips(shop, measured)))


if __name__ == "__main__":
    main()
