"""The best ranking anyone could make of a demo shop: what its purchases are really drawn from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from kg.demo_shop.customers import INTEREST_SHARES
from kg.demo_shop.mechanisms import (
    AGAIN,
    COMPLEMENT_SHARES,
    complement_strength,
    mechanism_weights,
    repurchase_strength,
)
from kg.demo_shop.seasons import DAY, WEEK
from kg.demo_shop.truth import read_shop
from kg.demo_shop.world import World
from kg.demo_shop.writer import DemoFiles
from kg.errors import KgError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

_STEP = 3 * DAY  # between the moments that a mean over time is taken at


def oracle_scores(
    folder: Path, users: Sequence[str], as_of: datetime, until: datetime | None = None
) -> NDArray[np.float32]:
    """The true probability that a customer's next purchase is this item, float32 (users, items), rows sum to 1.

    Items stand in the order of `items.csv`. Known are the latent tastes and what was bought before `as_of` (UTC where
    it names no zone), nothing later. With `until`, the mean over the time from `as_of` to then, with that history: what
    falls due in the meantime counts. Raises KgError for a user who is no customer of the shop.
    """
    files = DemoFiles.inside(folder)
    shop = read_shop(files.summary)
    items, customers = pd.read_parquet(files.truth_items), pd.read_parquet(files.truth_users)
    world = World.of(shop, items, customers)
    codes = pd.Index(customers["user_id"]).get_indexer(pd.Index(users))
    if (codes < 0).any():
        raise KgError("Not a customer of this demo shop", file=files.users, value=users[int(np.argmin(codes))])
    midnight, cut = pd.Timestamp(shop.first_day, tz="UTC"), _utc(as_of)
    past = pd.read_parquet(files.truth, columns=["user_id", "item_id", "time"])
    past = past[past["time"] < cut]
    item = pd.Index(items["item_id"]).get_indexer(past["item_id"])
    bought = np.asarray((past["time"] - midnight).dt.total_seconds(), dtype=np.float64)
    rows_of = past.reset_index(drop=True).groupby("user_id", sort=False).indices
    start = (cut - midnight).total_seconds()
    end = start if until is None else (_utc(until) - midnight).total_seconds()
    moments = np.arange(start, max(end, start + 1), _STEP)
    scores = np.zeros((len(users), len(items)), dtype=np.float32)
    nothing = np.empty(0, dtype=np.int64)
    for row, (name, code) in enumerate(zip(users, codes, strict=True)):
        own = rows_of.get(name, nothing)
        for now in moments:
            scores[row] += next_purchase(world, shop.mixture.weights(), code, item[own], bought[own], now)
    scores /= len(moments)
    return scores


def next_purchase(
    world: World,
    mixture: tuple[float, ...],
    user: int,
    had: NDArray[np.int64],
    bought: NDArray[np.float64],
    now: float,
) -> NDArray[np.float64]:
    """P (items,) of `mechanisms` for one customer, who bought the items `had` at the seconds `bought`, oldest first."""
    demand = world.weekly[min(int(now // WEEK), len(world.weekly) - 1)]
    age = (now - bought) / DAY
    latest = np.array([had[place] not in had[place + 1 :] for place in range(had.size)], dtype=bool)
    asks = complement_strength(age, world.complements[had, 0] >= 0)
    due = repurchase_strength(age, world.interval_days[had], latest)
    brand, interest, complement, repurchase, popularity = mechanism_weights(mixture, asks[:, None], due[:, None])[:, 0]
    chance = popularity * demand + brand * _share(demand * (world.brand == world.favourite[user]))
    for category, share in zip(world.interests[user], INTEREST_SHARES, strict=True):
        chance += interest * share * _share(demand * (world.category == category))
    for nth, share in enumerate(COMPLEMENT_SHARES):
        asking = asks > 0
        np.add.at(chance, world.complements[had[asking], nth], complement * share * _share(asks[asking]))
    chance[had] *= AGAIN
    np.add.at(chance, had, repurchase * _share(due))
    return _share(chance * (demand > 0))


def _share(values: NDArray[np.float64]) -> NDArray[np.float64]:
    total = values.sum()
    return values / total if total > 0 else values


def _utc(moment: datetime) -> pd.Timestamp:
    stamp = pd.Timestamp(moment)
    return stamp.tz_localize("UTC") if stamp.tzinfo is None else stamp.tz_convert("UTC")
