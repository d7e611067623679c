"""A small made-up shop with every sort of node and relation."""

from __future__ import annotations

import numpy as np
import pandas as pd

import kg
from kg.query import DAY


def shop(seed: int) -> kg.KnowledgeGraph:
    """Users, items, brands, nested categories, countries, favourite brands and one relation between items."""
    rng = np.random.default_rng(seed)
    n = 60
    events = pd.DataFrame(
        {
            "user_id": [f"u{i}" for i in rng.integers(0, 8, n)],
            "item_id": [f"i{i}" for i in rng.integers(0, 10, n)],
            "kind": rng.choice(["view", "purchase", "return"], n),
            "time": pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 90 * DAY, n), unit="s"),
        }
    ).astype({"time": "datetime64[us]"})
    facts = [(f"i{i}", "item", "brand", f"b{i % 3}", "brand") for i in range(10)]
    facts += [(f"i{i}", "item", "category", f"c{j}", "category") for i in range(10) for j in {i % 4, (i * 7) % 5}]
    facts += [(f"c{j}", "category", "broader", "all" if j % 2 else "some", "category") for j in range(5)]
    facts += [(f"u{i}", "user", "lives_in", f"l{i % 2}", "country") for i in range(8)]
    facts += [(f"u{i}", "user", "likes", f"b{i % 3}", "brand") for i in range(0, 8, 2)]
    facts += [(f"i{i}", "item", "goes_with", f"i{(i + 3) % 10}", "item") for i in range(0, 10, 3)]
    table = pd.DataFrame(facts, columns=["head", "head_type", "relation", "tail", "tail_type"]).assign(literal=False)
    return kg.build(kg.Tables.of(events=events, facts=table))
