"""The truth of a demo shop as arrays of codes: what its purchases are drawn from, and what the oracle knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kg.demo_shop.catalogue import N_COMPLEMENTS
from kg.demo_shop.customers import INTEREST_SHARES
from kg.demo_shop.seasons import weekly_popularity
from kg.demo_shop.vocabulary import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.demo_shop.shop import DemoShop

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """Items and customers by position in their frames, brands by position in `brands`, categories in file order."""

    brands: tuple[str, ...]
    brand: Ints  # (items,)
    category: Ints  # (items,)
    complements: Ints  # (items, 2), −1 = none
    interval_days: Ints  # (items,), 0 = durable
    weekly: NDArray[np.float64]  # (weeks, items), rows sum to 1, 0 = not on sale
    favourite: Ints  # (users,): brands
    interests: Ints  # (users, 3): categories

    @classmethod
    def of(cls, shop: DemoShop, items: pd.DataFrame, users: pd.DataFrame) -> World:
        """From the frames of `catalogue.build_items` and `customers.build_customers`."""
        brands = tuple(sorted(items["brand"].unique()))
        categories = tuple(vocabulary().categories)
        return cls(
            brands=brands,
            brand=_codes(items["brand"], brands),
            category=_codes(items["category"], categories),
            complements=_columns(items, "complement", N_COMPLEMENTS, items["item_id"]),
            interval_days=items["interval_days"].to_numpy(dtype=np.int64),
            weekly=weekly_popularity(items, shop.days, shop.first_day.timetuple().tm_yday // 7),
            favourite=_codes(users["favourite_brand"], brands),
            interests=_columns(users, "interest", len(INTEREST_SHARES), categories),
        )


def _codes(values: pd.Series[str], names: pd.Series[str] | tuple[str, ...]) -> Ints:
    return pd.Index(names).get_indexer(pd.Index(values)).astype(np.int64)


def _columns(frame: pd.DataFrame, name: str, n: int, names: pd.Series[str] | tuple[str, ...]) -> Ints:
    return np.column_stack([_codes(frame[f"{name}_{nth + 1}"], names) for nth in range(n)])
