"""Softmax over the candidates, corrected for how likely each was to be one.

Klenitskiy & Vasilev, "Turning dross into gold loss", RecSys 2023; Khrylchenko et al., "Correcting the LogQ correction",
RecSys 2025: the target is there for certain, and nothing is taken off it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def softmax(logits: Tensor, targets: Tensor, log_chance: Tensor) -> Tensor:
    """−log of the target's share: an estimate of the softmax over all items."""
    own = (torch.arange(len(targets), device=targets.device), targets)
    corrected = (logits - log_chance).index_put_(own, log_chance[targets], accumulate=True)
    return cross_entropy(corrected, targets, reduction="none")
