"""Counts by the engine against counting by hand."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.mining import pairs
from kg.mining.pairs import baskets, count_pairs
from tests.kg.mining.logs import Row, rows, tables

NOON = 1_704_110_400  # 2024-01-01 12:00
DAY = 86_400
Basket = dict[str, tuple[str, int]]


def by_hand(log: list[Row], kind: str, largest: int) -> list[Basket]:
    """The items of every basket, with the first by name of their users, and when the last event was; −1: unknown."""
    found: dict[object, Basket] = {}
    for user, item, of_kind, session, day in log:
        basket = session or (None if day is None else (user, day))
        if of_kind == kind and basket is not None:
            time = -1 if day is None else NOON + day * DAY
            own = found.setdefault(basket, {})
            before, latest = own.get(item, (user, time))
            own[item] = (min(user, before), max(time, latest))
    return [items for items in found.values() if len(items) <= largest]


@settings(max_examples=15, deadline=None)
@given(log=rows, fewest=st.integers(1, 2), largest=st.sampled_from([2, 200]))
def test_pairs_are_those_counted_by_hand(log: list[Row], fewest: int, largest: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pairs, "LARGEST_BASKET", largest)
        patch.setattr(pairs, "_AT_ONCE", 2)  # in several parts
        found = count_pairs(baskets(tables(log).events, "purchase"), fewest)
    held = by_hand(log, "purchase", largest)
    each = Counter(item for items in held for item in items)
    together: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for items in held:
        for a, b in combinations(sorted(items), 2):
            together.setdefault((a, b), []).append(items[a])
    assert dict(zip(found.items, found.each, strict=True)) == {i: n for i, n in each.items() if n >= fewest}
    names = zip(found.items[found.a], found.items[found.b], strict=True)
    told = dict(zip(names, zip(found.together, found.customers, found.last, strict=True), strict=True))
    expected = {
        pair: (len(of), len({user for user, _ in of}), max(time for _, time in of)) for pair, of in together.items()
    }
    assert told == {pair: counts for pair, counts in expected.items() if counts[1] >= fewest}
    sizes = np.array([len(items) for items in held], dtype=float)
    assert found.n_baskets == len(sizes)
    if len(sizes):
        assert found.expected_at == pytest.approx((sizes * (sizes - 1)).sum() / sizes.sum() ** 2)


def test_chance_counts_the_sizes_of_baskets() -> None:
    """Items strewn at random over a few large baskets and many small ones are together as often as expected."""
    rng = np.random.default_rng(0)
    sizes = np.array([40] * 10 + [2] * 200)
    log = [
        (f"u{basket}", f"i{item}", "purchase", f"s{basket}", 0)
        for basket, size in enumerate(sizes)
        for item in rng.choice(60, size, replace=False)
    ]
    found = count_pairs(baskets(tables(log).events, "purchase"), 1)
    assert found.together.sum() == pytest.approx(found.expected.sum(), rel=0.05)
    naive = (found.each[found.a] * found.each[found.b] / found.n_baskets).sum()
    assert found.together.sum() > 1.5 * naive
