"""The customers of a demo shop: where they live, how much they buy, what they care for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kg.demo_shop.seasons import DAY, Hours
from kg.demo_shop.shop import DemoShop
from kg.demo_shop.vocabulary import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

INTEREST_SHARES = (0.6, 0.3, 0.1)  # of a customer's first, second and third category
_ACTIVITY_SHAPE, _MOST_ACTIVE = 2.0, 40.0  # Pareto, cut
_HERE_FROM_THE_START = 0.8
_LATEST_ARRIVAL = 0.9
_OLDEST_ACCOUNT_DAYS = 1_000
_TASTE = 0.5  # Dirichlet concentration of an age band's taste for the departments: the smaller, the more they differ


def build_customers(shop: DemoShop, items: pd.DataFrame, hours: Hours, rng: np.random.Generator) -> pd.DataFrame:
    """The customers, one row each, with the hidden truth beside what the shop knows.

    Shown: user_id, country, age_band, joined (date32; not after the customer's first event). Hidden: favourite_brand,
    interest_1 … interest_3 (categories, in the shares `INTEREST_SHARES`), activity (a weight), arrival (the share of
    all visits that lies before the customer came).
    """
    words, n = vocabulary(), shop.users
    late = rng.random(n) >= _HERE_FROM_THE_START
    arrival = np.where(late, rng.uniform(0, _LATEST_ARRIVAL, n), 0.0)
    earlier = np.where(late, 0, rng.integers(1, _OLDEST_ACCOUNT_DAYS, n))
    joined = np.datetime64(shop.first_day) + (hours.at(arrival) // DAY - earlier).astype("timedelta64[D]")
    wealth = 1 / np.arange(1, len(words.countries) + 1)
    age = rng.integers(len(words.age_bands), size=n)
    interests = np.array(list(words.categories), dtype=object)[_interests(age, rng)]
    return pd.DataFrame(
        {
            "user_id": [user_id(code) for code in range(n)],
            "country": np.array(words.countries, dtype=object)[rng.choice(wealth.size, n, p=wealth / wealth.sum())],
            "age_band": np.array(words.age_bands, dtype=object)[age],
            "joined": joined,
            "favourite_brand": _favourites(items, n, rng),
            **{f"interest_{nth + 1}": interests[:, nth] for nth in range(len(INTEREST_SHARES))},
            "activity": np.minimum((1 - rng.random(n)) ** (-1 / _ACTIVITY_SHAPE), _MOST_ACTIVE),
            "arrival": arrival,
        }
    )


def user_id(code: int) -> str:
    """The id of the customer, or bot, with this number."""
    return f"U{code + 1:07d}"


def _favourites(items: pd.DataFrame, n: int, rng: np.random.Generator) -> NDArray[np.object_]:
    """One brand a customer, drawn by the square root of its size; never the decoy."""
    sizes = items["brand"].value_counts().drop(vocabulary().decoy["brand"], errors="ignore").sort_index()
    pull = np.sqrt(sizes.to_numpy())
    return sizes.index.to_numpy(dtype=object)[rng.choice(len(sizes), n, p=pull / pull.sum())]


def _interests(age: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Three different categories a customer (users, 3), by the taste of the age band: a Gumbel top-3."""
    words = vocabulary()
    departments = list(words.departments)
    taste = rng.dirichlet(np.full(len(departments), _TASTE), size=len(words.age_bands)) + 0.05
    department = np.array([departments.index(leaf.department) for leaf in words.categories.values()])
    noisy = np.log(taste[age][:, department]) + rng.gumbel(size=(age.size, department.size))
    return np.argsort(-noisy, axis=1)[:, : len(INTEREST_SHARES)]
