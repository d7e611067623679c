"""What can be explained well first."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from recsys.errors import RecsysError
from recsys.explanation.words import readable
from recsys.linear import STRICT
from recsys.reranking.slate import Setting, Slate
from recsys.types import Explains, explainer

_LONGER = 2  # times the list: of what stands further down none would come up


@dataclass(config=STRICT, frozen=True)
class Readable:
    """value + weight where the strongest of an item's reasons is a path that has a sentence of its own.

    Only the first 2 · k candidates are looked at: each is explained. A reason that has to stay hidden is none.
    """

    weight: Annotated[float, Field(gt=0)] = 0.1
    name: str = "readable"

    costly: ClassVar[bool] = True

    def rerank(self, slate: Slate, setting: Setting) -> Slate:
        if not isinstance(setting.scorer, Explains):
            raise RecsysError("the scorer cannot take its scores apart", fix="Leave the step `readable` out.")
        amounts = np.zeros(slate.items.shape)
        for row, items in enumerate(slate.items[:, : _LONGER * setting.k].tolist()):
            explain = explainer(setting.scorer, setting.query, row)
            for place, item in enumerate(items):
                if item >= 0:
                    told = setting.teller.tell(explain(item), n=1)
                    amounts[row, place] = self.weight * readable(told)
        return slate.raised(amounts)
