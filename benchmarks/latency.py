"""How long an explanation takes, of made-up shops of some sizes: python benchmarks/latency.py [--edges 1e6,1e7].

A shop has a hundredth as many customers as purchases, a four-hundredth as many items, popularity by Zipf's law, a
brand and a category of every item. Items stand in the top 10 of customers drawn by chance. The scorers are those of a
run, but for those that have not the memory for the larger shop or take long to train, as they come, all with a weight
of 1: none is left out of any explanation. Milliseconds are those of one core, whatever else runs.

The last row is of a hub: an item that a million customers bought, in a category of its own size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

import kg
from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.explanation.asked import Exact
from recsys.explanation.telling import Teller
from recsys.fusion import Fusion
from recsys.ranking import recommend
from recsys.scorers import create
from recsys.threads import limit
from recsys.types import explainer

SCORERS = ("popularity", "trend", "repeat", "due", "item_knn", "ials", "spectral", "walks", "tastes", "sequels")
PAIRS, LISTS, K = 150, 40, 10
HUB = 1_000_000


def shop(n_edges: int, seed: int = 0, hub: int = 0) -> KnowledgeGraph:
    """Purchases drawn by chance; with `hub`, one more item that so many customers bought once."""
    rng = np.random.default_rng(seed)
    n_users, n_items = max(n_edges // 100, hub), n_edges // 400
    users = np.concatenate([rng.integers(0, n_users, n_edges), np.arange(hub)])
    items = np.concatenate([_zipf(rng, n_items, n_edges), np.full(hub, n_items)])
    seconds = 1_700_000_000 + rng.integers(0, 365 * 86_400, len(users))
    log = pd.DataFrame({"user_id": users.astype(str), "item_id": items.astype(str)})
    log["time"] = pd.to_datetime(seconds, unit="s").astype("datetime64[us]")
    ids = np.arange(n_items + 1).astype(str)
    facts = pd.concat(
        pd.DataFrame({"head": ids, "relation": name, "tail": _zipf(rng, n, len(ids)).astype(str), "tail_type": name})
        for name, n in (("brand", n_items // 20), ("category", n_items // 100))
    )
    return kg.build(kg.Tables.of(events=log, facts=facts.assign(head_type="item", literal=False)))


def _zipf(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    weights = 1 / np.arange(1, n + 1) ** 0.8
    return rng.choice(n, size, p=weights / weights.sum())


def timed(work: Callable[[], object]) -> float:
    """Milliseconds of one core."""
    begun = time.thread_time()
    work()
    return (time.thread_time() - begun) * 1000


def rows(graph: KnowledgeGraph, names: tuple[str, ...], title: str, item: int | None = None) -> Iterator[str]:
    """A row of the table per scorer and one of the fusion; `item`: of this item, not of those in the lists."""
    fusion = Fusion({name: create(name) for name in names}).fit(graph)
    query = graph.query()
    people = np.random.default_rng(1).choice(len(query), PAIRS, replace=False)
    fusion.scales_ = np.maximum(
        [float(np.nanstd(part.score(query.take(people[:50])))) for part in fusion.parts.values()], 1e-12
    )
    teller = Teller(graph)
    for name, scorer in {**fusion.parts, "fusion": fusion}.items():
        pairs, lists, told = [], [], []
        for place, person in enumerate(people):
            alone = query.take(np.array([person]))
            best = recommend(scorer, alone, K).items[0]
            chosen = int(best[place % K]) if item is None else item
            pairs.append(timed(lambda: scorer.explain(alone, 0, chosen)))  # noqa: B023
            if place < LISTS:
                lists.append(timed(lambda: listed(scorer, alone)))  # noqa: B023
                told.append(timed(lambda: teller.tell(scorer.explain(alone, 0, chosen), n=K)))  # noqa: B023
        cells = [f"{np.percentile(of, q):.1f}" for of in (pairs, told, lists) for q in (50, 99)]
        yield f"| {title} | {name} | {' | '.join(cells)} |"


def listed(scorer: Exact, alone: Query) -> None:
    """A person's whole list: ranked, and every item of it explained."""
    best = recommend(scorer, alone, K).items[0]
    explain = explainer(scorer, alone, 0)
    for item in best[best >= 0].tolist():
        explain(item)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--edges", default="1e6,1e7", help="sizes of shops")
    words.add_argument("--scorers", default=",".join(SCORERS))
    words.add_argument("--hub", type=int, default=HUB)
    given = words.parse_args()
    limit(1)
    names = tuple(given.scorers.split(","))
    print("| purchases | scorer | pair p50, ms | p99 | and its 10 strongest reasons told p50 | p99 | list p50 | p99 |")
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    for size in (int(float(word)) for word in given.edges.split(",")):
        for row in rows(shop(size), names, f"{size:,}"):
            print(row, flush=True)
    if given.hub:
        graph = shop(given.hub // 10, hub=given.hub)
        hub = int(graph.nodes["item"].ids.to_index([str(given.hub // 10 // 400)])[0])
        for row in rows(graph, names, f"of {given.hub:,} customers", hub):
            print(row, flush=True)


if __name__ == "__main__":
    main()
