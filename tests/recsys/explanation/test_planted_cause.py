"""A cause planted in the graph, and weights that make it the strongest: it must be named first, every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import kg
from recsys.explanation.telling import Teller
from recsys.fusion import Fusion
from recsys.scorers.item_knn import ItemKNN
from recsys.scorers.popularity import Popularity
from recsys.scorers.walks import Walks

N_USERS, N_ITEMS, HUB = 60, 40, "hub"


def planted(seed: int) -> tuple[kg.KnowledgeGraph, list[tuple[str, str, str]]]:
    """A shop where everybody bought the hub, brands are few and large, and each item needs one other.

    Returns also the pairs whose cause is known: user, item, and the item of hers that needs it.
    """
    rng = np.random.default_rng(seed)
    baskets = {f"u{user:02}": rng.choice(N_ITEMS, 5, replace=False).tolist() for user in range(N_USERS)}
    needs = {item: (item + 1 + int(rng.integers(0, N_ITEMS - 2))) % N_ITEMS for item in range(N_ITEMS)}
    log = [(user, f"i{item:02}") for user, items in baskets.items() for item in items]
    log += [(user, HUB) for user in baskets]
    facts = [(f"i{item:02}", "brand", f"b{item % 3}", "brand") for item in range(N_ITEMS)]
    facts += [(HUB, "brand", f"b{brand}", "brand") for brand in range(3)]
    facts += [(f"i{item:02}", "needs", f"i{needs[item]:02}", "item") for item in range(N_ITEMS)]
    table = pd.DataFrame(facts, columns=["head", "relation", "tail", "tail_type"]).assign(
        head_type="item", literal=False
    )
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id"]), facts=table))
    pairs = [
        (user, f"i{needs[item]:02}", f"i{item:02}")
        for user, items in baskets.items()
        for item in items
        if needs[item] not in items and [needs[other] for other in items].count(needs[item]) == 1
    ]
    return graph, pairs


@pytest.mark.parametrize("seed", range(5))
def test_with_known_weights_the_cause_is_named_first_always(seed: int) -> None:
    graph, pairs = planted(seed)
    weights = {
        "item -needs-> item": 1.0,
        "item -brand-> brand -rev_brand-> item": 1.0,
        "item -rev_purchase-> user -purchase-> item": 1.0,
    }
    parts = {"walks": Walks(beta=0, metapath_weights=weights), "item_knn": ItemKNN(), "popularity": Popularity()}
    fusion = Fusion(parts).fit(graph)
    fusion.weights_ = np.array([1.0, 0.2, 0.01])
    teller, query = Teller(graph), graph.query()
    assert len(pairs) > 100
    for user, item, cause in pairs:
        row, column = (
            int(graph.nodes[kind].ids.to_index([name])[0]) for kind, name in (("user", user), ("item", item))
        )
        told = teller.tell(fusion.explain(query, row, column))
        first = next(reason for reason in told.reasons if reason.kind == "path")
        assert first.node is not None
        assert (first.node.id, [step.relation for step in first.steps]) == (cause, ["needs"])
