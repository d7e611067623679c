"""A shop in which everything a step may look at varies, and a scorer with made-up scores, full of ties."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Query
from recsys.explanation.telling import Teller
from recsys.reranking.slate import Setting, Slate
from recsys.types import Contribution, Event, Explanation, Holdout, Path, Scores

N_USERS, N_ITEMS = 6, 24


@dataclass
class Made:
    """Scores of a few values by user and item; it explains an item of an even number by a path, others by a link."""

    graph: kg.KnowledgeGraph
    seed: int = 0
    additive: bool = True

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        table = np.random.default_rng(self.seed).integers(0, 9, (N_USERS + 1, len(query.items)))
        return table[query.users].astype(np.float32)

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        node, end = int(query.nodes[query.events_of(row)][0]), query.items.start + item
        event = Event(int(query.indptr[row]), node, "purchase", 0)
        path = Path((node, -1, end), ("rev_purchase", "purchase"))
        part = Contribution(1.0, "path" if item % 2 == 0 else "link", "made", event, None if item % 2 else path)
        return Explanation.of(query, row, item, 1.0, (part,), additive=True)


@pytest.fixture(scope="session")
def shop() -> kg.KnowledgeGraph:
    """Six users; 24 items of 4 categories (a tree) and 3 brands, one item without either; prices, stock, margins."""
    rng = np.random.default_rng(5)
    ids = [f"i{item:02}" for item in range(N_ITEMS)]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, 60), unit="D")
    log = {"user_id": [f"u{user}" for user in rng.integers(0, N_USERS, 60)], "item_id": rng.choice(ids[:-2], 60)}
    events = pd.DataFrame(log | {"time": days}).astype({"time": "datetime64[us]"})
    facts = [(item, "item", "category", f"c{place % 4}", "category") for place, item in enumerate(ids[:-1])]
    facts += [(item, "item", "brand", f"b{place % 3}", "brand") for place, item in enumerate(ids[:-1])]
    facts += [("i00", "item", "brand", "b1", "brand"), ("c0", "category", "broader", "c1", "category")]
    columns = ["head", "head_type", "relation", "tail", "tail_type"]
    items = pd.DataFrame(
        {
            "item_id": ids,
            "price": [None, *rng.lognormal(2, 1, N_ITEMS - 1)],
            "available": rng.random(N_ITEMS) > 0.2,
            "stock": [*rng.integers(0, 6, N_ITEMS - 1), None],
            "margin": [None, *rng.random(N_ITEMS - 1)],
        }
    )
    users = pd.DataFrame({"user_id": [f"u{user}" for user in range(N_USERS)]})
    known = pd.DataFrame(facts, columns=columns).assign(literal=False)
    return kg.build(kg.Tables.of(events=events, items=items, users=users, facts=known))


def setting(graph: kg.KnowledgeGraph, seed: int = 0, k: int = 5, hidden: Any = None) -> Setting:
    """All users of the shop; `hidden` bool (B, n_items) may not be shown."""
    scorer, query = Made(graph, seed), graph.query()
    scores = scorer.score(query)
    if hidden is not None:
        scores[hidden] = -np.inf
    return Setting(graph, query, scorer, scores, k, Teller(graph))


def rows(slate: Slate) -> list[list[tuple[int, float, float]]]:
    """Of every user her candidates: item, value, score."""
    return [
        [(int(item), float(value), float(score)) for item, value, score in zip(*row, strict=True) if item >= 0]
        for row in zip(slate.items, slate.values, slate.scores, strict=True)
    ]
