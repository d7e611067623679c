"""What customers do around their purchases: look, fill a cart, buy; later rate it or send it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.demo_shop.customers import INTEREST_SHARES
from kg.demo_shop.log import CART, NO_SESSION, PURCHASE, RATING, RETURN, VIEW, Log
from kg.demo_shop.seasons import DAY, WEEK, Hours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kg.demo_shop.purchases import Purchases, Schedule, Shelves
    from kg.demo_shop.world import World

    Ints = NDArray[np.int64]

_BROWSING = 0.7  # visits without a purchase, per order
_LOOKS = (0.45, 0.4, 0.15)  # what else is looked at: an interest, the favourite brand, anything in demand
_SECONDS_BEFORE = {VIEW: (15, 90), CART: (5, 40), PURCHASE: (1, 4)}
_QUANTITIES = (0.8, 0.14, 0.04, 0.02)  # of 1, 2, 3 and 4 pieces
_STARS = (0.04, 0.06, 0.15, 0.35, 0.4)
_RATED_DAYS, _RETURNED_DAYS = (3, 21), (3, 28)


@dataclass(frozen=True)
class Visits:
    """Who visited when: first the orders of the schedule, in its order, then visits without a purchase."""

    user: Ints
    start: Ints

    @classmethod
    def of(cls, plan: Schedule, arrival: NDArray[np.float64], hours: Hours, rng: np.random.Generator) -> Visits:
        """The orders, and visits of the same people, who come as often to look as they come to buy."""
        begins = np.flatnonzero(np.diff(plan.order, prepend=-1))
        buyer, start = plan.user[begins], plan.start[begins]
        looker = buyer[rng.integers(buyer.size, size=int(_BROWSING * buyer.size))]
        came = arrival[looker]
        visit = hours.at(came + (1 - came) * rng.random(came.size))
        return cls(np.concatenate([buyer, looker]), np.concatenate([start, visit]))


def visit_rows(
    world: World,
    shelves: Shelves,
    visits: Visits,
    plan: Schedule,
    purchases: Purchases,
    n_carts: int,
    n_views: int,
    rng: np.random.Generator,
) -> tuple[Log, Ints]:
    """View, cart and purchase rows, and the row of each purchase (purchases,).

    Every purchase was in the cart and every item of a cart was viewed, in this order and in the same visit, no two
    events of a visit in the same second. `n_carts` carts are abandoned, `n_views` views lead nowhere.
    """
    idle = rng.integers(visits.user.size, size=n_carts + n_views)
    looked_at = _looks(world, shelves, visits.user[idle], visits.start[idle] // WEEK, rng)
    visit = np.concatenate([plan.order, idle])
    item = np.concatenate([purchases.item, looked_at])
    n_bought, n_wanted = plan.order.size, plan.order.size + n_carts
    viewed_at = rng.random(visit.size)
    put_at = viewed_at[:n_wanted] + (1 - viewed_at[:n_wanted]) * rng.random(n_wanted)
    pieces = 1 + rng.choice(len(_QUANTITIES), n_wanted, p=_QUANTITIES)
    kind = np.repeat([VIEW, CART, PURCHASE], [visit.size, n_wanted, n_bought])
    moment = np.concatenate([viewed_at, put_at, np.full(n_bought, 1.0)])  # purchases last
    of = np.concatenate([np.arange(visit.size), np.arange(n_wanted), np.arange(n_bought)])
    quantity = np.concatenate([np.zeros(visit.size, dtype=np.int64), pieces, pieces[:n_bought]])
    in_order = np.argsort(visit[of] + moment / 2, kind="stable")
    kind, of, quantity = kind[in_order], of[in_order], quantity[in_order]
    time = visits.start[visit[of]] + _seconds_into_visit(kind, visit[of], rng)
    row_of = np.empty(in_order.size, dtype=np.int64)
    row_of[in_order] = np.arange(in_order.size)
    return Log.of(time, kind, visits.user[visit[of]], item[of], visit[of], quantity), row_of[-n_bought:]


def later_rows(
    visited: Log, bought: Ints, returnable: Ints, n_ratings: int, n_returns: int, end: int, rng: np.random.Generator
) -> Log:
    """Ratings of some purchases and returns of some others, days later and outside a visit.

    `bought` and `returnable` are rows of `visited`. Each purchase at most once, before `end`.
    A return has the price that was paid and at most the quantity that was bought, both positive.
    """
    rated, rated_at = _later(visited.time, bought, n_ratings, _RATED_DAYS, end, rng)
    back, back_at = _later(visited.time, returnable, n_returns, _RETURNED_DAYS, end, rng)
    stars = 1 + rng.choice(len(_STARS), rated.size, p=_STARS)
    return Log.of(
        time=np.concatenate([rated_at, back_at]),
        kind=np.repeat([RATING, RETURN], [rated.size, back.size]),
        user=visited.user[np.concatenate([rated, back])],
        item=visited.item[np.concatenate([rated, back])],
        session=NO_SESSION,
        quantity=np.concatenate([np.zeros(rated.size, dtype=np.int64), rng.integers(1, visited.quantity[back] + 1)]),
        rating=np.concatenate([stars, np.zeros(back.size, dtype=np.int64)]),
        price=np.concatenate([np.full(rated.size, np.nan), visited.price[back]]),
    )


def _looks(world: World, shelves: Shelves, user: Ints, week: Ints, rng: np.random.Generator) -> Ints:
    """An item for each idle look of a user in a week."""
    why = rng.choice(len(_LOOKS), user.size, p=_LOOKS)
    nth = rng.choice(len(INTEREST_SHARES), user.size, p=INTEREST_SHARES)
    interest = shelves.by_category.draw(week, world.interests[user, nth], rng)
    brand = shelves.by_brand.draw(week, world.favourite[user], rng)
    found = np.choose(why, [interest, brand, np.full(user.size, -1)])
    return np.where(found >= 0, found, shelves.by_brand.draw_any(week, rng))


def _seconds_into_visit(kind: NDArray[np.int64], visit: Ints, rng: np.random.Generator) -> Ints:
    """Running time within each visit, for rows ordered by visit and moment; every step takes at least a second."""
    steps = np.empty(kind.size, dtype=np.int64)
    for of, (low, high) in _SECONDS_BEFORE.items():
        rows = np.flatnonzero(kind == of)
        steps[rows] = rng.integers(low, high, rows.size)
    running = np.cumsum(steps)
    begins = np.flatnonzero(np.diff(visit, prepend=-1))
    lengths = np.diff(begins, append=visit.size)
    return running - np.repeat(running[begins], lengths)


def _later(
    time: NDArray[np.int32], rows: Ints, n: int, days: tuple[int, int], end: int, rng: np.random.Generator
) -> tuple[Ints, Ints]:
    """`n` different rows, and a time for each a number of days after it, before `end`."""
    at = time[rows] + rng.integers(days[0] * DAY, days[1] * DAY, rows.size)
    fits = np.flatnonzero(at < end)
    chosen = rng.choice(fits, n, replace=False)
    return rows[chosen], at[chosen]
