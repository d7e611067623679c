"""Due against a life table counted day by day."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg
from recsys.scorers.due import Due

END = 60
ITEMS = ("beans", "tea", "mug", "thing")
KINDS = {"beans": "drinks", "tea": "drinks", "mug": "kitchen"}
Bought = list[tuple[str, str, int]]
"""User, item, day."""


def shop(bought: Bought) -> kg.KnowledgeGraph:
    """Of purchases before day `END`, when the log ends with somebody's look at everything."""
    log = pd.DataFrame(bought, columns=["user_id", "item_id", "day"]).assign(kind="purchase")
    looks = pd.DataFrame({"user_id": "z", "item_id": ITEMS, "day": END, "kind": "view"})
    log = pd.concat([log, looks], ignore_index=True)
    times = (pd.Timestamp("2024-01-01") + pd.to_timedelta(log["day"], unit="D")).astype("datetime64[us]")
    facts = pd.DataFrame(list(KINDS.items()), columns=["head", "tail"]).assign(
        head_type="item", relation="category", tail_type="category", literal=False
    )
    return kg.build(kg.Tables.of(events=log.drop(columns="day").assign(time=times), facts=facts))


def slow(bought: Bought, scorer: Due) -> dict[str, list[float]]:
    """Comebacks a day of every item in every bin."""
    bins = list(zip(scorer.edges_[:-1], scorer.edges_[1:], strict=True))
    end = END - min(day for _, _, day in bought)
    waited, back = ({item: np.zeros(len(bins)) for item in ITEMS} for _ in range(2))
    for user, item in {(user, item) for user, item, _ in bought}:
        days = sorted({day - (END - end) for owner, of, day in bought if (owner, of) == (user, item)})
        for day, following in zip(days, [*days[1:], None], strict=True):
            gap = (end if following is None else following) - day
            for place, (low, high) in enumerate(bins):
                waited[item][place] += max(min(gap, high) - low, 0)
                back[item][place] += following is not None and low <= gap < high
    prior = scorer.prior

    def drawn(of: list[str], usual: float | np.ndarray) -> np.ndarray:
        return (sum(back[i] for i in of) + prior) / (sum(waited[i] for i in of) + prior / usual)

    total = sum(back[item].sum() for item in ITEMS), sum(waited[item].sum() for item in ITEMS)
    everything = drawn(list(ITEMS), (total[0] + 0.5) / max(total[1], 1))
    rates = {}
    for item in ITEMS:
        same = [other for other in KINDS if KINDS[other] == KINDS.get(item)]
        curve = drawn(same, everything) if same else everything
        rates[item] = list(curve * (back[item].sum() + prior) / ((waited[item] * curve).sum() + prior))
    return rates


purchases = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(ITEMS), st.integers(0, END - 1)), min_size=1, max_size=25
)


@settings(max_examples=20, deadline=None)
@given(purchases)
def test_rates_are_a_life_table(bought: Bought) -> None:
    graph = shop(bought)
    scorer = Due(prior=2).fit(graph)
    expected = slow(bought, scorer)
    rates = np.diff(scorer.expected_, axis=1) / np.diff(scorer.edges_)
    for item, row in zip(graph.nodes["item"].ids.ids, rates, strict=True):
        np.testing.assert_allclose(row, expected[str(item)], rtol=1e-3, atol=1e-6, err_msg=str(item))


def test_what_is_used_up_is_due_and_what_lasts_is_not() -> None:
    """Everybody buys beans every 20 days and one mug; the later somebody last bought beans, the less they are due."""
    bought = [(f"u{u}", "beans", day) for u in range(10) for day in (u % 3, 20 + u % 3, 40 + u % 3)]
    bought += [(f"u{u}", "mug", 41 - u) for u in range(10)]
    bought += [("early", "beans", 41), ("late", "beans", 57), ("early", "mug", 41)]
    graph = shop(bought)
    scorer = Due(ahead=5).fit(graph)
    beans, mug = graph.nodes["item"].ids.to_index(["beans", "mug"])
    early, late = scorer.score(graph.query(["early", "late"]))
    assert early[beans] > 3 * late[beans] > 0
    assert early[beans] > 3 * early[mug]
    assert scorer.score(graph.query(["nobody"]))[0, beans] == 0


def test_a_score_is_the_comebacks_expected_ahead() -> None:
    graph = shop([("a", "beans", 10), ("a", "beans", 30), ("b", "beans", 20)])
    scorer = Due(ahead=7).fit(graph)
    query = graph.query(["a"])
    beans = int(graph.nodes["item"].ids.to_index(["beans"])[0])
    ages = [(int(query.now[0]) - time) / 86_400 for time in query.times]
    whole = [np.interp([age, age + 7], scorer.edges_, scorer.expected_[beans]) for age in ages]
    told = scorer.explain(query, 0, beans)
    assert [part.value for part in told.contributions] == pytest.approx([high - low for low, high in whole], rel=1e-5)
    assert scorer.score(query)[0, beans] == pytest.approx(told.score, rel=1e-5)
