"""What costs as much as the user is used to pay first."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from recsys.errors import RecsysError
from recsys.linear import STRICT
from recsys.reranking.shelf import number
from recsys.reranking.slate import Setting, Slate


@dataclass(config=STRICT, frozen=True)
class PriceRange:
    """value − weight · the doublings (at most 1) by which a price lies below or above the user's own range.

    Her range goes from the quantile `low` to the quantile `high` of today's prices of what she had, every event of the
    weightiest kind once. With fewer than `least` such events she has none; an item without a price stays.
    """

    weight: Annotated[float, Field(gt=0)] = 0.3
    low: Annotated[float, Field(ge=0, le=1)] = 0.1
    high: Annotated[float, Field(ge=0, le=1)] = 0.9
    least: Annotated[int, Field(ge=1)] = 3
    name: str = "price_range"

    costly: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise RecsysError(
                "a price range ends below its start", value=(self.low, self.high), fix="Let low be at most high."
            )

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        price = number(setting.graph, "price").astype(np.float64)
        known = np.where(price > 0, price, np.nan)
        doublings = np.log2(known)
        low, high = self._ranges(doublings, setting)
        own = slate.of_items(doublings)
        outside = np.maximum(low[:, None] - own, own - high[:, None])
        return slate.raised(-self.weight * np.clip(np.nan_to_num(outside), 0, 1))

    def _ranges(self, prices: NDArray[np.float64], setting: Setting) -> NDArray[np.float64]:
        """Every user's range, (2, B), NaN without one."""
        query, kind = setting.query, setting.graph.event_kind
        had = query.kinds == (query.kind_names.index(kind) if kind in query.kind_names else -1)
        had &= (query.nodes >= query.items.start) & (query.nodes < query.items.stop)
        rows, paid = query.rows[had], prices[query.nodes[had] - query.items.start]
        rows, paid = rows[~np.isnan(paid)], paid[~np.isnan(paid)]
        ranges = np.full((2, len(query)), np.nan)
        ends = np.cumsum(np.bincount(rows, minlength=len(query)))
        for row, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
            if end - start >= self.least:
                ranges[:, row] = np.quantile(paid[start:end], [self.low, self.high])
        return ranges
