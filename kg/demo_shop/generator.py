"""Generating a demo shop: the truth first, then what customers do, then the dirt, then the files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.demo_shop.catalogue import build_items
from kg.demo_shop.customers import build_customers
from kg.demo_shop.dirt import bot_rows, guest_rows, with_duplicates, without_some_prices
from kg.demo_shop.log import Log, concatenate
from kg.demo_shop.purchases import Shelves, draw_purchases, schedule
from kg.demo_shop.seasons import DAY, WEEK, Hours, weekly_prices
from kg.demo_shop.shop import DemoShop
from kg.demo_shop.truth import Truth, write_summary, write_truth
from kg.demo_shop.visits import Visits, later_rows, visit_rows
from kg.demo_shop.world import World
from kg.demo_shop.writer import ITEM_COLUMNS, USER_COLUMNS, DemoFiles, write_events, write_shown, write_taxonomy

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_PURCHASES = 0.18  # of all rows
_ABANDONED_CARTS, _RATINGS = 0.25, 0.12  # per purchase


@dataclass(frozen=True)
class Budget:
    """How many rows of each kind make up exactly `shop.events`; what the other kinds leave is idle views."""

    purchases: int
    carts: int
    ratings: int
    returns: int
    duplicates: int
    guests: int
    bots: int
    missing_prices: int

    @classmethod
    def of(cls, shop: DemoShop) -> Budget:
        """The shares of the shop in rows."""
        purchases, dirt = round(_PURCHASES * shop.events), shop.dirt
        return cls(
            purchases=purchases,
            carts=round(_ABANDONED_CARTS * purchases),
            ratings=round(_RATINGS * purchases),
            returns=round(dirt.returns * purchases),
            duplicates=round(dirt.duplicates * shop.events),
            guests=round(dirt.guests * shop.events),
            bots=round(dirt.bots * shop.events),
            missing_prices=round(dirt.missing_prices * shop.events),
        )

    def idle_views(self, events: int) -> int:
        """Views that lead to nothing: what is left when every purchase has its cart and view, every cart its view."""
        rest = self.ratings + self.returns + self.duplicates + self.guests + self.bots
        return events - 3 * self.purchases - 2 * self.carts - rest


def generate(shop: DemoShop, folder: Path) -> DemoFiles:
    """Write the shop's raw files and its truth into `folder` (made if missing); its other files stay.

    Peak memory is about 180 bytes an event. Files are described in `writer`.
    """
    of_items, of_users, of_purchases, of_visits, of_dirt = np.random.default_rng(shop.seed).spawn(5)
    first = shop.first_day
    hours = Hours.of(shop.days, first.weekday(), first.timetuple().tm_yday)
    items = build_items(shop, of_items)
    users = build_customers(shop, items, hours, of_users)
    world = World.of(shop, items, users)
    shelves = Shelves.of(world)
    budget = Budget.of(shop)

    arrival = users["arrival"].to_numpy()
    plan = schedule(users["activity"].to_numpy(), arrival, budget.purchases, hours, of_purchases)
    purchases = draw_purchases(world, shelves, plan, shop.mixture.weights(), of_purchases)

    prices = weekly_prices(items, shop.days, of_visits)
    visits = Visits.of(plan, arrival, hours, of_visits)
    n_idle = budget.idle_views(shop.events)
    visited, bought = visit_rows(world, shelves, visits, plan, purchases, budget.carts, n_idle, of_visits)
    visited = _priced(visited, prices)
    causes_nothing = np.setdiff1d(np.arange(bought.size), purchases.cause)
    later = later_rows(
        visited, bought, bought[causes_nothing], budget.ratings, budget.returns, shop.days * DAY, of_visits
    )
    n_visits = visits.user.size
    guests = guest_rows(budget.guests, shelves.by_brand, hours, n_visits, of_dirt)
    bots = bot_rows(budget.bots, shop.users, shop.items, hours, n_visits + budget.guests, of_dirt)
    clean = concatenate([visited, later, _priced(guests, prices), _priced(bots, prices)])
    log = with_duplicates(without_some_prices(clean, budget.missing_prices, of_dirt), budget.duplicates, of_dirt)
    log = log.take(np.argsort(log.time, kind="stable"))

    files = DemoFiles.inside(folder)
    truth = Truth(visited.take(bought), purchases.mechanism, purchases.cause)
    write_events(log, shop, items["item_id"], files.events)
    write_shown(items, ITEM_COLUMNS, files.items)
    write_shown(users, USER_COLUMNS, files.users)
    write_taxonomy(files.taxonomy)
    write_truth(truth, shop, items, users, files)
    write_summary(log, truth, shop, budget.duplicates, files.summary)
    return files


def _priced(log: Log, prices: NDArray[np.float64]) -> Log:
    return log.priced(prices[log.time // WEEK, log.item])
