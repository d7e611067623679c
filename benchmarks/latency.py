"""How long an explanation takes, of made-up shops of some sizes: python benchmarks/latency.py [--edges 1e6,1e7].

A shop has a hundredth as many customers as purchases, a four-hundredth as many items, popularity by Zipf's law, a
brand and a category of every item. Items stand in the top 10 of customers drawn by chance. The scorers are those of a
run, but for EASE, which has not the memory for the larger shop, as they come, LightGCN and iALS trained briefly (they
tell no more quickly for being trained well), all with a weight of 1: none is left out of any explanation. Milliseconds
are those of one core, whatever else runs.

The last rows are of a hub, an item that a million customers bought: with each of some budgets, what it takes, and how
often it is said that it was cut.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from math import inf
from typing import TypeVar

import numpy as np
import pandas as pd

import kg
from kg.graph import KnowledgeGraph
from kg.query import Query
from recsys.deadline import Deadline
from recsys.explanation.asked import Exact
from recsys.explanation.telling import Teller
from recsys.fusion import Fusion
from recsys.ranking import recommend
from recsys.scorers import DEFAULT, create
from recsys.threads import limit
from recsys.types import Explains, explainer

SCORERS = tuple(name for name in DEFAULT if name != "ease")  # told as slim is, from a large square
BRIEFLY = {"lightgcn": {"n_epochs": 1, "n_steps": 2}, "ials": {"n_sweeps": 2}}
T = TypeVar("T")
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


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Milliseconds of one core, and what came of it."""
    begun = time.thread_time()
    done = work()
    return (time.thread_time() - begun) * 1000, done


def fitted(graph: KnowledgeGraph, names: tuple[str, ...]) -> Fusion:
    """A fusion of scorers that speak about equally loud to some people."""
    fusion = Fusion({name: create(name, **BRIEFLY.get(name, {})) for name in names}).fit(graph)
    query = graph.query().take(people(graph)[:50])
    spreads = [float(np.nanstd(part.score(query))) for part in fusion.parts.values()]
    fusion.scales_ = np.maximum(spreads, 1e-12)
    return fusion


def people(graph: KnowledgeGraph) -> np.ndarray:
    return np.random.default_rng(1).choice(graph.n_users, PAIRS, replace=False)


def row(graph: KnowledgeGraph, scorer: Exact, told: str, item: int | None = None, budget: float = inf) -> str:
    """A row of the table; `item`: of this item, not of those in the lists."""
    query, teller = graph.query(), Teller(graph, budget_ms=budget)
    pairs, lists, words, cut = [], [], [], []
    for place, person in enumerate(people(graph)):
        alone = query.take(np.array([person]))
        best = recommend(scorer, alone, K).items[0]
        chosen = int(best[place % K]) if item is None else item
        milliseconds, found = timed(lambda: explainer(scorer, alone, 0, Deadline(budget))(chosen))  # noqa: B023
        pairs.append(milliseconds)
        if place < LISTS:
            lists.append(timed(lambda: listed(scorer, alone, budget))[0])  # noqa: B023
            milliseconds, said = timed(lambda: teller.tell(found, n=K))  # noqa: B023
            words.append(milliseconds)
            cut.append(said.cut_ms is not None)
    cells = [f"{np.percentile(of, q):.1f}" for of in (pairs, words, lists) for q in (50, 99)]
    return f"| {told} | {' | '.join(cells)} | {np.mean(cut):.0%} |"


def listed(scorer: Exact, alone: Query, budget: float) -> None:
    """A person's whole list: ranked, and every item of it explained, each within the budget."""
    best = recommend(scorer, alone, K).items[0]
    explain = explainer(scorer, alone, 0, Deadline(K * budget))
    for item in best[best >= 0].tolist():
        explain(item)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--edges", default="1e6,1e7", help="sizes of shops; empty: none")
    words.add_argument("--scorers", default=",".join(SCORERS))
    words.add_argument("--hub", type=int, default=HUB)
    words.add_argument("--budgets", default="inf,50,10", help="milliseconds, for the hub")
    given = words.parse_args()
    limit(1)
    names = tuple(given.scorers.split(","))
    print(
        "| purchases | scorer | pair p50, ms | p99 | its 10 strongest reasons told p50 | p99 | list p50 | p99 | cut |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for size in (int(float(word)) for word in given.edges.split(",") if word):
        graph = shop(size)
        fusion = fitted(graph, names)
        for name, scorer in {**fusion.parts, "fusion": fusion}.items():
            assert isinstance(scorer, Explains)
            print(row(graph, scorer, f"{size:,} | {name}"), flush=True)
    if given.hub:
        graph = shop(given.hub // 10, hub=given.hub)
        fusion = fitted(graph, names)
        hub = int(graph.nodes["item"].ids.to_index([str(given.hub // 10 // 400)])[0])
        for budget in map(float, given.budgets.split(",")):
            told = f"hub of {given.hub:,}, budget {'none' if budget == inf else f'{budget:g} ms'} | fusion"
            print(row(graph, fusion, told, hub, budget), flush=True)


if __name__ == "__main__":
    main()
