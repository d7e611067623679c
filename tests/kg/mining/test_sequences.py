"""First purchases in order, against a loop over customers; rules where the order is planted."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.mining import sequences
from kg.mining.sequences import count_sequences, firsts, successions
from tests.kg.mining.logs import Row, rows, tables


def first_days(log: list[Row]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for user, item, kind, _, day in log:
        if kind == "purchase" and day is not None:
            own = found.setdefault(user, {})
            own[item] = min(day, own.get(item, day))
    return found


@settings(max_examples=15, deadline=None)
@given(log=rows, days=st.sampled_from([1, 3, 90]), fewest=st.integers(1, 2))
def test_orders_are_those_of_a_loop_over_customers(log: list[Row], days: int, fewest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "_AT_ONCE", 2)
        found = count_sequences(firsts(tables(log).events, "purchase"), days, fewest)
        expected = found.expected
    users = first_days(log)
    each = Counter(item for own in users.values() for item in own)
    often = {item for item, n in each.items() if n >= fewest}
    orders = Counter(
        (a, b)
        for own in users.values()
        for a, b in permutations(own, 2)
        if {a, b} <= often and 1 <= own[b] - own[a] <= days
    )
    kept = {pair: n for pair, n in orders.items() if n >= fewest}
    pairs = list(zip(found.items[found.a], found.items[found.b], strict=True))
    assert dict(zip(pairs, found.before, strict=True)) == kept
    assert dict(zip(pairs, found.after, strict=True)) == {(a, b): orders[b, a] for a, b in kept}
    strangers = Counter(
        (a, b)
        for one in users.values()
        for other in users.values()
        for a in often & set(one)
        for b in often & set(other)
        if a != b and 1 <= other[b] - one[a] <= days
    )
    scale = orders.total() / max(strangers.total(), 1)
    for told, turned in zip(expected, (False, True), strict=True):
        chance = [strangers[(b, a) if turned else (a, b)] * scale for a, b in pairs]
        np.testing.assert_allclose(told, chance, atol=1e-9)


def log_of_a_hobby(seed: int, ordered: bool) -> list[Row]:
    """60 people buy a camera and a card, the card after the camera or not, and 120 two of twelve other things."""
    rng = np.random.default_rng(seed)
    log: list[Row] = []
    for user in range(120):
        start = int(rng.integers(0, 60))
        own = [(f"other {n}", int(rng.integers(0, 80))) for n in rng.choice(12, 2, replace=False)]
        if user % 2:
            later = start + int(rng.integers(1, 15))
            turned = not ordered and rng.random() < 0.5
            own += [("camera", later if turned else start), ("card", start if turned else later)]
        log += [(f"u{user}", item, "purchase", None, day) for item, day in own]
    return log


def test_what_is_planted_is_found_with_its_direction() -> None:
    found = successions(count_sequences(firsts(tables(log_of_a_hobby(0, True)).events, "purchase"), 30), "then", 5)
    assert found[["head", "tail"]].values.tolist() == [["camera", "card"]]
    rule = found.iloc[0]
    assert (rule["count"], rule["confidence"], rule["support"]) == (60, 1.0, 0.5)
    assert (rule["lift"], rule["conviction"]) == (2.0, np.inf)


def test_without_an_order_there_is_no_rule() -> None:
    log = log_of_a_hobby(1, False)
    assert successions(count_sequences(firsts(tables(log).events, "purchase"), 30), "then", 5).empty


def test_what_came_out_later_does_not_follow_for_that() -> None:
    """The old things are taken in January, those that came out in March in March: only the calendar has an order."""
    rng = np.random.default_rng(2)
    log: list[Row] = []
    for user in range(150):
        for item, start in (("old", 0), ("new", 60), ("other", 0), ("more", 60)):
            if rng.random() < 0.5:
                log.append((f"u{user}", item, "purchase", None, start + int(rng.integers(0, 10))))
    assert successions(count_sequences(firsts(tables(log).events, "purchase"), 90), "then", 5).empty
