"""How many cores numerical libraries use: said once, for all of them."""

from __future__ import annotations

import os
import sys

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def available() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def allowed() -> int:
    """The cores that `limit` allows; where it was not asked, those there are."""
    return int(os.environ.get(_VARIABLES[0], 0)) or available()


def limit(n: int) -> None:
    """Use at most `n` cores, in the libraries that are loaded and in those that will be."""
    from threadpoolctl import threadpool_limits

    for variable in _VARIABLES:
        os.environ[variable] = str(n)
    threadpool_limits(n)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(n)
