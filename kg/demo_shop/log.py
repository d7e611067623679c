"""The rows of an event log as columns of numbers, before they get their names."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = ("view", "cart", "purchase", "rating", "return")
VIEW, CART, PURCHASE, RATING, RETURN = range(len(KINDS))
NOBODY = -1  # a visitor without an id
NO_SESSION = -1


@dataclass(frozen=True)
class Log:
    """One event a row (n,). 0 in `quantity` or `rating` and NaN in `price` mean an empty field."""

    time: NDArray[np.int32]  # seconds from the shop's first day
    kind: NDArray[np.int8]  # position in KINDS
    user: NDArray[np.int32]
    item: NDArray[np.int32]
    session: NDArray[np.int32]
    quantity: NDArray[np.int8]
    rating: NDArray[np.int8]
    price: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        time: NDArray[np.int64],
        kind: NDArray[np.integer] | int,
        user: NDArray[np.int64] | int,
        item: NDArray[np.int64],
        session: NDArray[np.int64] | int,
        quantity: NDArray[np.integer] | int = 0,
        rating: NDArray[np.integer] | int = 0,
        price: NDArray[np.float64] | float = np.nan,
    ) -> Log:
        """A log from columns, or from one value for all rows."""
        n = time.size
        return cls(
            time.astype(np.int32),
            np.broadcast_to(kind, n).astype(np.int8),
            np.broadcast_to(user, n).astype(np.int32),
            item.astype(np.int32),
            np.broadcast_to(session, n).astype(np.int32),
            np.broadcast_to(quantity, n).astype(np.int8),
            np.broadcast_to(rating, n).astype(np.int8),
            np.broadcast_to(price, n).astype(np.float64),
        )

    def __len__(self) -> int:
        return self.time.size

    def take(self, rows: NDArray[np.int64] | slice) -> Log:
        """These rows, in this order."""
        return Log(**{column.name: getattr(self, column.name)[rows] for column in fields(self)})

    def priced(self, price: NDArray[np.float64]) -> Log:
        """The same rows with these prices (n,)."""
        return replace(self, price=price)


def concatenate(logs: list[Log]) -> Log:
    """The rows of all logs, one after the other."""
    return Log(**{column.name: np.concatenate([getattr(log, column.name) for log in logs]) for column in fields(Log)})
