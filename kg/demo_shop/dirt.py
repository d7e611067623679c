"""What a real log has and a model must not see: visitors without an id, bots, rows twice, prices that are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kg.demo_shop.log import CART, NOBODY, PURCHASE, RATING, RETURN, VIEW, Log, concatenate
from kg.demo_shop.seasons import WEEK, Hours

if TYPE_CHECKING:
    from kg.demo_shop.demand import GroupedDraw

_BOT_ROWS = 1_500
_GUEST_VISIT = ((VIEW, 0), (VIEW, 1), (CART, 1), (PURCHASE, 1))  # kind, and which of two items
_GUEST_STEP_SECONDS = 40


def guest_rows(n: int, shelf: GroupedDraw, hours: Hours, first_session: int, rng: np.random.Generator) -> Log:
    """`n` rows of visitors who never signed in: two views, then one of the two in the cart and bought."""
    visit, step = np.divmod(np.arange(n), len(_GUEST_VISIT))
    kind, which = np.array(_GUEST_VISIT).T[:, step]
    start = hours.at(rng.random(n // len(_GUEST_VISIT) + 1))
    items = np.stack([shelf.draw_any(start // WEEK, rng) for _ in range(2)])
    time = start[visit] + step * _GUEST_STEP_SECONDS
    return Log.of(time, kind, NOBODY, items[which, visit], first_session + visit, (kind != VIEW).astype(np.int8))


def bot_rows(n: int, first_user: int, n_items: int, hours: Hours, first_session: int, rng: np.random.Generator) -> Log:
    """`n` views by bots of about 1,500 rows each, one every second or two, of any item; a bot is no customer."""
    if n == 0:
        return Log.of(np.empty(0, np.int64), VIEW, first_user, np.empty(0, np.int64), first_session)
    parts = np.array_split(np.arange(n), max(1, round(n / _BOT_ROWS)))
    starts = hours.at(rng.random(len(parts)))
    time = [start + np.cumsum(rng.integers(1, 3, rows.size)) for start, rows in zip(starts, parts, strict=True)]
    bot = np.repeat(np.arange(len(parts)), [rows.size for rows in parts])
    return Log.of(np.concatenate(time), VIEW, first_user + bot, rng.integers(n_items, size=n), first_session + bot)


def without_some_prices(log: Log, n: int, rng: np.random.Generator) -> Log:
    """`n` prices of views, carts and purchases are lost."""
    price = log.price.copy()
    price[rng.choice(np.flatnonzero((log.kind != RATING) & (log.kind != RETURN)), n, replace=False)] = np.nan
    return log.priced(price)


def with_duplicates(log: Log, n: int, rng: np.random.Generator) -> Log:
    """`n` different rows stand there twice."""
    return concatenate([log, log.take(rng.choice(len(log), n, replace=False))])
