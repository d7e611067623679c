"""Are the demo shop's planted complements found again: `python benchmarks/complements.py [--seeds N]`.

Of every item with planted complements: is the first complement that `similar` lists one of them, and which share of
them is among the first five. Of every item without any: is one listed nevertheless. `baskets` sees what is bought at
once; `later` also what is bought after it, by the scorer `sequels`. Nobody bought many of the items.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from kg.building import build
from kg.config import DEMO
from kg.demo_shop import DemoShop, generate
from kg.demo_shop.writer import DemoFiles
from kg.engine import Engine
from kg.graph import KnowledgeGraph
from kg.reading import ingest
from kg.steps.derive import derive
from recsys.config import Config
from recsys.scorers.sequels import Sequels
from recsys.similar import Similar


def measured(similar: Similar, planted: dict[str, set[str]]) -> dict[str, float]:
    """Shares over all items: `planted` complements by item, none of the empty ones."""
    listed = {}
    for item in planted:
        frame = similar.frame(item, 5)
        listed[item] = frame[frame["kind"] == "complement"]["item_id"].tolist()
    some = [item for item, own in planted.items() if own]
    told = [item for item in some if listed[item]]
    return {
        "listed": len(told) / len(some),
        "first is planted": float(np.mean([listed[item][0] in planted[item] for item in told])) if told else np.nan,
        "found in five": float(np.mean([len(planted[item] & set(listed[item])) / len(planted[item]) for item in some])),
        "listed without any": float(np.mean([bool(listed[item]) for item in planted if not planted[item]])),
    }


def shop(seed: int, folder: Path) -> tuple[KnowledgeGraph, dict[str, set[str]]]:
    """The graph of a demo shop's whole log, and the complements planted for every item of it."""
    generate(DemoShop(seed=seed), folder)
    config = Config.read(DEMO).model_copy(update={"folder": folder})
    graph = build(derive(ingest(config, engine=Engine(threads=1))[0], config.derive))
    items = pd.read_parquet(DemoFiles.inside(folder).truth_items)
    both = zip(items["item_id"], items["complement_1"], items["complement_2"], strict=True)
    return graph, {item: {one for one in own if isinstance(one, str)} for item, *own in both}


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--seeds", type=int, default=3)
    rows = []
    for seed in range(words.parse_args().seeds):
        with tempfile.TemporaryDirectory() as folder:
            graph, planted = shop(seed, Path(folder))
        for name, sequels in (("baskets", None), ("later", Sequels().fit(graph))):
            rows.append({"seed": seed, "complements": name, **measured(Similar(graph, sequels=sequels), planted)})
    print(pd.DataFrame(rows).round(3).to_string(index=False))


if __name__ == "__main__":
    main()
