"""When people shop, and what is in demand in which week. Time is in seconds from the shop's first day, 00:00 UTC."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kg.demo_shop.vocabulary import vocabulary

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

DAY = 86_400
WEEK = 7 * DAY
_HOUR = 3_600
_BY_WEEKDAY = np.array([1.0, 0.95, 0.95, 1.0, 1.05, 1.3, 1.4])  # Monday first
_BY_HOUR = np.array([2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 13, 12, 11, 11, 12, 13, 15, 18, 20, 18, 11, 5]) / 10
_YEAR_SWING, _YEAR_PEAK_DAY, _DAYS_A_YEAR = 0.35, 340, 365.25
_ON_OFFER, _OFFER = 0.08, 0.8  # the share of weeks an item is on offer, and the offer as a share of the list price
_TREND_WEEKS = 2.5  # the standard deviation of a trend in time


@dataclass(frozen=True)
class Hours:
    """How the visits of all customers spread over the hours of the log: weekdays, hours of the day, the year."""

    cumulative: NDArray[np.float64]  # (hours + 1,), from 0 to 1

    @classmethod
    def of(cls, days: int, first_weekday: int, first_day_of_year: int) -> Hours:
        """The hours of a log of `days` days; `first_weekday` 0 is Monday."""
        day = np.arange(days)
        year = 1 + _YEAR_SWING * np.cos(2 * np.pi * (first_day_of_year + day - _YEAR_PEAK_DAY) / _DAYS_A_YEAR)
        density = np.outer(year * _BY_WEEKDAY[(first_weekday + day) % 7], _BY_HOUR).ravel()
        return cls(np.concatenate([[0.0], np.cumsum(density) / density.sum()]))

    def at(self, share: NDArray[np.float64]) -> NDArray[np.int64]:
        """The second before which this share (in [0, 1)) of all visits lies."""
        return np.interp(share, self.cumulative, np.arange(self.cumulative.size) * _HOUR).astype(np.int64)


def n_weeks(days: int) -> int:
    """Weeks of demand that a log of `days` days needs; the last one takes what a late visit runs over."""
    return days // 7 + 2


def weekly_popularity(items: pd.DataFrame, days: int, first_week: int = 0) -> NDArray[np.float64]:
    """Demand (weeks, items): each row sums to 1, and 0 means not on sale.

    Popularity × season of the department × trend, where a trend of height h multiplies by 1 + h at its peak. `items` is
    the frame of `catalogue.build_items`; `first_week` is the week of the year of the log's first day.
    """
    words = vocabulary()
    week = np.arange(n_weeks(days))[:, None]
    leaves = [words.departments[words.categories[notation].department] for notation in items["category"]]
    swing = np.array([department.season for department in leaves])
    peak = np.array([department.peak_week for department in leaves])
    season = 1 + swing * np.cos(2 * np.pi * (first_week + week - peak) / 52)
    distance = (week - items["trend_week"].to_numpy()) / _TREND_WEEKS
    trend = 1 + items["trend_height"].to_numpy() * np.exp(-0.5 * distance**2)
    on_sale = (week >= items["launch_week"].to_numpy()) & (week <= items["last_week"].to_numpy())
    demand = items["popularity"].to_numpy() * season * trend * on_sale
    weekly: NDArray[np.float64] = demand / demand.sum(axis=1, keepdims=True)
    return weekly


def weekly_prices(items: pd.DataFrame, days: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """What an item costs in which week (weeks, items): the list price, or a fifth less in its weeks on offer."""
    price = items["price"].to_numpy()
    on_offer = rng.random((n_weeks(days), price.size)) < _ON_OFFER
    prices: NDArray[np.float64] = np.round(price * np.where(on_offer, _OFFER, 1.0), 2)
    return prices
