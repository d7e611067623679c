"""Why a customer buys an item: five mechanisms, each purchase drawn from exactly one of them.

The probability of item i for customer u at time t is

    P(i) ∝ Σ_m weight_m · strength_m(u, t) · P_m(i | u, t) · kept_m(i),    Σ over `shop.MECHANISMS`

    brand        the customer's favourite brand, its items by demand of the week
    interest     one of the customer's three categories (.6, .3, .1), its items by demand
    complement   something bought at least a day ago, ∝ 2^(−age / 45 days), then one of its two complements (.65, .35)
    repurchase   a consumable last bought about its interval ago, ∝ exp(−½ (ln(age / interval) / .35)²)
    popularity   all items by demand

`strength` is 1 for brand, interest and popularity, and that of the strongest cause for the other two. `kept` is 0 for
what is not on sale in that week and .1 for what the customer already has, unless it is bought again as used up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

COMPLEMENT_SHARES = (0.65, 0.35)
AGAIN = 0.1
_DELIVERED_DAYS = 1.0  # a cause is at least this old, so that it lies in an earlier visit
_COMPLEMENT_HALF_LIFE_DAYS = 45.0
_REPURCHASE_SPREAD = 0.35


def complement_strength(age_days: Floats, has_complements: NDArray[np.bool_]) -> Floats:
    """How strongly something bought `age_days` ago asks for its complement, in [0, 1]; any shape."""
    asks = has_complements & (age_days >= _DELIVERED_DAYS)
    return np.where(asks, np.exp2(-np.maximum(age_days, 0) / _COMPLEMENT_HALF_LIFE_DAYS), 0.0)


def repurchase_strength(age_days: Floats, interval_days: NDArray[np.int64], latest: NDArray[np.bool_]) -> Floats:
    """How strongly a consumable last bought `age_days` ago is due, in [0, 1]; any shape. `latest`: not bought since."""
    due = latest & (interval_days > 0) & (age_days >= _DELIVERED_DAYS)
    distance = np.log(np.maximum(age_days, _DELIVERED_DAYS) / np.maximum(interval_days, 1)) / _REPURCHASE_SPREAD
    return np.where(due, np.exp(-0.5 * distance**2), 0.0)


def mechanism_weights(mixture: tuple[float, ...], complement: Floats, repurchase: Floats) -> Floats:
    """Probability of each mechanism (5, users), from the strengths (causes, users) of what was bought before."""
    strength = np.ones((len(mixture), complement.shape[1]))
    strength[2] = complement.max(axis=0, initial=0.0)
    strength[3] = repurchase.max(axis=0, initial=0.0)
    weights = np.array(mixture)[:, None] * strength
    shares: Floats = weights / weights.sum(axis=0)
    return shares


def pick(weights: Floats, rng: np.random.Generator) -> NDArray[np.int64]:
    """One row for each column of `weights` (rows, columns), ∝ weight."""
    running = np.cumsum(weights, axis=0)
    point = np.minimum(rng.random(weights.shape[1]) * running[-1], np.nextafter(running[-1], 0))
    chosen: NDArray[np.int64] = (running <= point).sum(axis=0)
    return chosen
