"""Sequels against its formula written out in loops over everybody's days."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import kg
from kg.query import Weighting
from recsys.demand import Demand
from recsys.scorers.sequels import Sequels

ITEMS = ("ink", "paper", "pen", "printer", "thing")
KINDS = {"ink": "supplies", "paper": "supplies", "pen": "desk", "printer": "desk"}
Bought = list[tuple[str, str, int]]
"""User, item, day."""


def shop(bought: Bought) -> kg.KnowledgeGraph:
    log = pd.DataFrame(bought, columns=["user_id", "item_id", "day"])
    times = (pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")).astype("datetime64[us]")
    facts = pd.DataFrame(list(KINDS.items()), columns=["head", "tail"]).assign(
        head_type="item", relation="category", tail_type="category", literal=False
    )
    return kg.build(kg.Tables.of(events=log.drop(columns="day").assign(time=times), facts=facts))


def slow(bought: Bought, scorer: Sequels) -> dict[tuple[str, str], float]:
    later: dict[tuple[str, str], float] = defaultdict(float)
    for user in {user for user, _, _ in bought}:
        days = sorted({day for owner, _, day in bought if owner == user})
        baskets = [{item for owner, item, on in bought if (owner, on) == (user, day)} for day in days]
        for first, day in enumerate(days):
            for second in range(first + 1, min(first + scorer.reach, len(days) - 1) + 1):
                for pair in ((j, i) for j in baskets[first] for i in baskets[second] if i != j):
                    later[pair] += 2 ** (-(days[second] - day) / scorer.gap_half_life)
    kinds = {(c, i): sum(later[j, i] for j in KINDS if KINDS[j] == c) for c in set(KINDS.values()) for i in ITEMS}
    everything = sum(kinds.values())
    beyond = {}
    for (c, i), count in kinds.items():
        of_kind = sum(kinds[c, other] for other in ITEMS)
        usual = sum(value for (_, other), value in kinds.items() if other == i)
        caused = 1 - scorer.chance * of_kind * usual / everything / count if count else 0
        beyond[c, i] = count * caused if caused > 1e-6 else 0
    operator = {}
    for j in ITEMS:
        total = sum(later[j, i] for i in ITEMS) + scorer.prior
        for i in ITEMS:
            if j in KINDS:
                c = KINDS[j]
                whole = sum(beyond[c, other] for other in ITEMS)
                own = later[j, i] * beyond[c, i] / kinds[c, i] if kinds[c, i] else 0
                operator[j, i] = (own + scorer.prior * (beyond[c, i] / whole if whole else 0)) / total
            else:
                operator[j, i] = later[j, i] / total
    return operator


@settings(max_examples=20, deadline=None)
@example([("a", "ink", 38), ("a", "paper", 10)], 1.0, 1)  # as much as chance gives, but for rounding
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ITEMS), st.integers(0, 40)), min_size=2, max_size=25),
    st.sampled_from([0.0, 0.7, 1.0]),
    st.sampled_from([1, 3]),
)
def test_scores_are_the_formula(bought: Bought, chance: float, reach: int) -> None:
    graph = shop([*bought, ("z", "ink", 0)])
    scorer = Sequels(
        chance=chance, reach=reach, prior=2, gap_half_life=20, demand=Demand(0, 0), weighting=Weighting()
    ).fit(graph)
    expected = slow(bought, scorer)
    items = graph.nodes["item"].ids.ids
    for place, item in enumerate(items):
        guest = graph.guest([("item", str(item))])
        found = np.nan_to_num(scorer.score(guest)[0])
        wanted = [expected[str(item), str(other)] if scorer.opinion_[i] else 0.0 for i, other in enumerate(items)]
        np.testing.assert_allclose(found, wanted, atol=1e-5, err_msg=f"after {items[place]}")


def test_the_order_counts() -> None:
    """Ink follows printers; as much of a thing follows everything."""
    bought = [(f"u{u}", item, day) for u in range(20) for item, day in (("printer", 0), ("ink", 3), ("thing", 6))]
    bought += [(f"v{u}", item, day) for u in range(20) for item, day in (("pen", 0), ("paper", 1), ("thing", 6))]
    graph = shop(bought)
    index = {str(item): place for place, item in enumerate(graph.nodes["item"].ids.ids)}
    scorer = Sequels(demand=Demand(0, 0), chance=1).fit(graph)
    after_printer, after_ink = (scorer.score(graph.guest([("item", item)]))[0] for item in ("printer", "ink"))
    assert np.nanargmax(after_printer) == index["ink"]
    assert not np.nan_to_num(after_ink)[index["printer"]]
    assert after_printer[index["ink"]] > 5 * after_printer[index["thing"]]


def test_of_two_ways_one_goes_through_the_kind() -> None:
    graph = shop(
        [
            ("a", "printer", 0),
            ("a", "ink", 3),
            ("b", "pen", 0),
            ("b", "ink", 2),
            ("ink_user", "ink", 0),
            ("ink_user", "pen", 1),
        ]
    )
    scorer = Sequels(demand=Demand(0, 0), chance=1).fit(graph)
    query = graph.guest([("item", "printer")])
    ink = int(graph.nodes["item"].ids.to_index(["ink"])[0])
    told = scorer.explain(query, 0, ink)
    assert told.complete
    assert told.score == pytest.approx(scorer.score(query)[0, ink], rel=1e-5)
    assert [part.path.relations for part in told.contributions if part.path] == [
        ("rev_purchase", "purchase"),
        ("category", "rev_category", "rev_purchase", "purchase"),
    ]
