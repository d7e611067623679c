"""What earns more first."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass
from scipy.stats import rankdata

from recsys.linear import STRICT
from recsys.reranking.shelf import number
from recsys.reranking.slate import Setting, Slate


@dataclass(config=STRICT, frozen=True)
class Earnings:
    """value + weight · the share of the shop's items that earn less on a piece: by `margin`, or by `price` (revenue).

    An item of which it is not known counts as one in the middle.
    """

    by: Literal["margin", "price"] = "margin"
    weight: Annotated[float, Field(gt=0)] = 0.2
    name: str = "earnings"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        earned = number(setting.graph, self.by)
        known = ~np.isnan(earned)
        share = np.full(len(earned), 0.5)
        n_less = rankdata(earned[known]) - 1
        share[known] = n_less / max(len(n_less) - 1, 1)
        return slate.raised(self.weight * slate.of_items(share))
