"""The target against others one by one.

Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009; against the hardest alone: Zhang
et al., "Optimizing top-n collaborative filtering via dynamic negative item sampling", SIGIR 2013.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from recsys.losses import MASKED

_HARDEST = 16  # negatives of a query


def bpr(logits: Tensor, targets: Tensor, log_chance: Tensor) -> Tensor:
    """Mean over all items of −log σ(target − item), estimated from the candidates."""
    own, others = _apart(logits, targets)
    worth = torch.where(others > MASKED, torch.exp(-log_chance), 0)
    return (worth * softplus(others - own)).sum(dim=1) / worth.sum(dim=1).clamp(min=1)


def hard_bpr(logits: Tensor, targets: Tensor, log_chance: Tensor) -> Tensor:  # noqa: ARG001
    """The same against the candidates nearest to the query, whatever their chance."""
    own, others = _apart(logits, targets)
    hardest = others.topk(min(_HARDEST, others.shape[1]), dim=1).values
    return softplus(hardest - own).mean(dim=1)


def _apart(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The targets' logits (b, 1), and all logits with theirs masked (b, C)."""
    place = targets[:, None]
    return logits.gather(1, place), logits.scatter(1, place, MASKED)
