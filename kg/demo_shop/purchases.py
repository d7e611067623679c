"""Drawing every purchase of a demo shop, in rounds: the k-th purchase of all customers at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.demo_shop.customers import INTEREST_SHARES
from kg.demo_shop.demand import GroupedDraw
from kg.demo_shop.mechanisms import (
    AGAIN,
    COMPLEMENT_SHARES,
    complement_strength,
    mechanism_weights,
    pick,
    repurchase_strength,
)
from kg.demo_shop.seasons import DAY, WEEK, Hours
from kg.demo_shop.shop import MECHANISMS
from kg.demo_shop.vocabulary import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.demo_shop.world import World

    Ints = NDArray[np.int64]

_NEW_ORDER = 0.6  # a purchase begins a new order with this probability, else it joins the one before
_BRAND, _INTEREST, _COMPLEMENT, _REPURCHASE, _POPULARITY = range(len(MECHANISMS))


@dataclass(frozen=True)
class Schedule:
    """Who buys when, before it is known what; customers from most to fewest purchases, each one's in order of time."""

    user: Ints  # (purchases,)
    start: Ints  # (purchases,): when the visit begins, in seconds
    order: Ints  # (purchases,): the visit, 0 …
    first: Ints  # (customers who buy,): where each one's purchases begin
    counts: Ints  # (customers who buy,): descending


@dataclass(frozen=True)
class Purchases:
    """What was bought and why, aligned with a schedule; `cause` is the row of the earlier purchase, −1 without one."""

    item: Ints
    mechanism: NDArray[np.int8]
    cause: Ints


@dataclass(frozen=True)
class Shelves:
    """The draws of a world: all items or one brand's, and one category's."""

    by_brand: GroupedDraw
    by_category: GroupedDraw

    @classmethod
    def of(cls, world: World) -> Shelves:
        """Both draws over the world's weekly demand."""
        return cls(
            GroupedDraw.of(world.weekly, world.brand, len(world.brands)),
            GroupedDraw.of(world.weekly, world.category, len(vocabulary().categories)),
        )


def schedule(
    activity: NDArray[np.float64], arrival: NDArray[np.float64], n: int, hours: Hours, rng: np.random.Generator
) -> Schedule:
    """When `n` purchases happen: by the customers' activity (users,), everyone at least once where there are enough."""
    at_least = int(n >= activity.size)
    counts = at_least + rng.multinomial(n - at_least * activity.size, activity / activity.sum())
    customers = np.argsort(-counts, kind="stable")
    customers = customers[counts[customers] > 0]
    counts = counts[customers]
    first = np.cumsum(counts) - counts
    begins = rng.random(n) < _NEW_ORDER
    begins[first] = True
    place = np.repeat(np.arange(customers.size), counts)[begins]
    came = arrival[customers[place]]
    start = hours.at(came + (1 - came) * rng.random(came.size))
    start = start[np.lexsort((start, place))]
    order = np.cumsum(begins) - 1
    return Schedule(np.repeat(customers, counts), start[order], order, first, counts)


def draw_purchases(
    world: World, shelves: Shelves, plan: Schedule, mixture: tuple[float, ...], rng: np.random.Generator
) -> Purchases:
    """The item, mechanism and cause of every purchase, as `mechanisms` describes.

    A draw that is not kept is drawn again, mechanism and all, which is the mixture of `mechanisms` exactly.
    """
    n = plan.user.size
    item, cause = np.full(n, -1), np.full(n, -1)
    mechanism = np.full(n, -1, dtype=np.int8)
    latest = np.ones(n, dtype=bool)  # nobody bought the same item again since
    for k in range(int(plan.counts[0])):
        rows = plan.first[: np.searchsorted(-plan.counts, -k)] + k
        past = rows - np.arange(k, 0, -1)[:, None]  # (k, customers), oldest first
        had = item[past]
        age = (plan.start[rows] - plan.start[past]) / DAY
        asks = complement_strength(age, world.complements[had, 0] >= 0)
        due = repurchase_strength(age, world.interval_days[had], latest[past])
        weights = mechanism_weights(mixture, asks, due)
        left = np.arange(rows.size)
        while left.size:
            drawn_by = pick(weights[:, left], rng)
            found, reason = np.full(left.size, -1), np.full(left.size, -1)
            user, week = plan.user[rows[left]], plan.start[rows[left]] // WEEK
            _draw_by_taste(world, shelves, drawn_by, user, week, found, rng)
            for of, strength in ((_COMPLEMENT, asks), (_REPURCHASE, due)):
                if (chosen := np.flatnonzero(drawn_by == of)).size:
                    which = past[pick(strength[:, left[chosen]], rng), left[chosen]]
                    reason[chosen] = which
                    found[chosen] = item[which]
                    if of == _COMPLEMENT:
                        nth = rng.choice(len(COMPLEMENT_SHARES), chosen.size, p=COMPLEMENT_SHARES)
                        found[chosen] = world.complements[item[which], nth]
            again = (had[:, left] == found).any(axis=0) & (drawn_by != _REPURCHASE)
            kept = (found >= 0) & (world.weekly[week, found] > 0) & (~again | (rng.random(left.size) < AGAIN))
            done = rows[left[kept]]
            item[done], cause[done], mechanism[done] = found[kept], reason[kept], drawn_by[kept]
            left = left[~kept]
        latest[past[had == item[rows]]] = False
    return Purchases(item, mechanism, cause)


def _draw_by_taste(
    world: World, shelves: Shelves, drawn_by: Ints, user: Ints, week: Ints, found: Ints, rng: np.random.Generator
) -> None:
    """Fill `found` for the three mechanisms that need no earlier purchase."""
    chosen = np.flatnonzero(drawn_by == _BRAND)
    found[chosen] = shelves.by_brand.draw(week[chosen], world.favourite[user[chosen]], rng)
    chosen = np.flatnonzero(drawn_by == _INTEREST)
    nth = rng.choice(len(INTEREST_SHARES), chosen.size, p=INTEREST_SHARES)
    found[chosen] = shelves.by_category.draw(week[chosen], world.interests[user[chosen], nth], rng)
    chosen = np.flatnonzero(drawn_by == _POPULARITY)
    found[chosen] = shelves.by_brand.draw_any(week[chosen], rng)
