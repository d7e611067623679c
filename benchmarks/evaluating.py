"""What an evaluation costs beside its least: one float32 product of the same shapes, and one pass over the scores.

Processor seconds, the best of rounds in turn, so that other work on the machine tells little.

python benchmarks/evaluating.py --users 20000 --items 40000 --threads 1
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
import pandas as pd

import kg
from kg.query import Query
from recsys.blocks import blocks
from recsys.evaluation import evaluate
from recsys.holdout import holdout
from recsys.protocol import Protocol
from recsys.threads import limit
from recsys.types import Holdout, Scores

ROUNDS = 3


@dataclass
class Product:
    """The simplest scorer: factors of users times factors of items."""

    users: Any
    items: Any

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        return self.users[query.users] @ self.items


def question(n_users: int, n_items: int, rng: np.random.Generator) -> Holdout:
    def log(each: int) -> pd.DataFrame:
        users, items = np.repeat(np.arange(n_users), each), rng.integers(0, n_items, n_users * each)
        return pd.DataFrame({"user_id": users.astype(str), "item_id": items.astype(str)})

    items = pd.DataFrame({"item_id": np.arange(n_items).astype(str)})
    graph = kg.build(kg.Tables.of(events=log(25), items=items))
    return holdout(graph, kg.Tables.of(events=log(7)).events)


def least(scorer: Product, rows: Any, n_items: int) -> None:
    """The product in the evaluation's blocks, and every score looked at once."""
    for part in blocks(len(rows), n_items):
        (scorer.users[rows[part]] @ scorer.items).max(axis=1)


def best_of(works: Sequence[Callable[[], object]]) -> list[float]:
    """The least processor seconds of each piece of work."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for place, work in enumerate(works):
            begun = time.process_time()
            work()
            best[place] = min(best[place], time.process_time() - begun)
    return best


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--users", type=int, default=20_000)
    words.add_argument("--items", type=int, default=40_000)
    words.add_argument("--factors", type=int, nargs="+", default=[64, 512])
    words.add_argument("--threads", type=int, default=1)
    given = words.parse_args()
    limit(given.threads)
    rng = np.random.default_rng(0)
    asked = question(given.users, given.items, rng)
    protocols = {
        "ndcg": Protocol(repeats="exclude", k=(20,), metrics=("ndcg",)),
        "all in lists": Protocol(repeats="exclude", k=(20, 10)),
    }
    print(
        "| factors | metrics | product and pass, s | evaluation, s | ratio | users/s |\n|---:|---|---:|---:|---:|---:|"
    )
    for n in given.factors:
        factors = (rng.standard_normal((size, n), dtype=np.float32) for size in (given.users, given.items))
        users, items = factors
        scorer = Product(users, np.ascontiguousarray(items.T))
        works: list[Callable[[], object]] = [partial(least, scorer, asked.query.users, given.items)]
        works += [partial(evaluate, {"": scorer}, asked, protocol) for protocol in protocols.values()]
        floor, *took = best_of(works)
        for name, seconds in zip(protocols, took, strict=True):
            told = f"{floor:.2f} | {seconds:.2f} | {seconds / floor:.2f} | {len(asked.query) / seconds:,.0f}"
            print(f"| {n} | {name} | {told} |", flush=True)


if __name__ == "__main__":
    main()
