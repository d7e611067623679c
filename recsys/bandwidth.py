"""How fast a device copies memory: the wall that propagation runs into, and what its traffic is compared with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from time import perf_counter

import torch

_BYTES = 1 << 26  # more than most caches hold
_REPEATS = 3


@cache
def copied(device: torch.device) -> float:
    """The bytes a second that a copy moves on a device, those read and those written: the best of a few copies.

    Measured once: a run trains several times.
    """
    source, target = (torch.ones(_BYTES, dtype=torch.uint8, device=device) for _ in range(2))
    return 2 * _BYTES / min(seconds(lambda: target.copy_(source), device) for _ in range(_REPEATS))


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """How long a piece of work takes, what a GPU does of it included."""
    finished(device)
    start = perf_counter()
    work()
    finished(device)
    return perf_counter() - start


def finished(device: torch.device) -> None:
    """Wait until a GPU has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
