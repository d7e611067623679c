"""Only what can be sold, and little of what will soon be gone."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from kg.graph import ITEM
from recsys.linear import STRICT
from recsys.ranking import available
from recsys.reranking.shelf import number
from recsys.reranking.slate import Setting, Slate


@dataclass(config=STRICT, frozen=True)
class Stock:
    """Takes out what is not `available` or has fewer than `least` pieces; value − weight for fewer than `low` pieces.

    An item whose stock is not known stays.
    """

    least: Annotated[float, Field(ge=0)] = 1.0
    low: Annotated[float, Field(ge=0)] = 0.0
    weight: Annotated[float, Field(ge=0)] = 0.3
    name: str = "stock"

    costly: ClassVar[bool] = False

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        known = setting.graph.features.get(ITEM, {})
        gone = ~available(setting.graph) if "available" in known else np.zeros(setting.graph.n_items, dtype=bool)
        if self.low or "stock" in known:
            pieces = number(setting.graph, "stock")
            gone = gone | (pieces < self.least)
            slate = slate.raised(-self.weight * (slate.of_items(pieces) < self.low))
        return slate.without(slate.of_items(np.asarray(gone)))
