"""What training makes small, by name; a new one is one new file and one line here.

A loss is a function of

    logits      float32 (b, C), how near each of b queries is to each of C candidates; `MASKED` where it is no negative
    targets     int64 (b,), which candidate each query is about
    log_chance  float32 (C,), the logarithm of a candidate's chance to be among the C; 0 where all items are

and gives the loss of every query, float32 (b,).
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

    Loss = Callable[[Tensor, Tensor, Tensor], Tensor]

LOSSES: dict[str, str] = {
    "softmax": "recsys.losses.softmax:softmax",
    "bpr": "recsys.losses.pairwise:bpr",
    "hard_bpr": "recsys.losses.pairwise:hard_bpr",
}
MASKED = -1e9


def named(name: str) -> Loss:
    """The loss of a name."""
    module, function = LOSSES[name].split(":")
    return getattr(import_module(module), function)
