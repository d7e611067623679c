"""What is new in the shop first."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from kg.query import DAY
from recsys.linear import STRICT
from recsys.reranking.shelf import first_sold
from recsys.reranking.slate import Setting, Slate


@dataclass(config=STRICT, frozen=True)
class Freshness:
    """value + weight · 2^(−age / half_life); the age, in days, since an item's first event. One without any is new."""

    weight: Annotated[float, Field(gt=0)] = 0.2
    half_life: Annotated[float, Field(gt=0)] = 30.0
    name: str = "freshness"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        first = slate.of_items(first_sold(setting.graph))
        age = np.maximum(setting.query.now[:, None] - first, 0) / DAY
        return slate.raised(self.weight * np.nan_to_num(np.exp2(-age / self.half_life)))
