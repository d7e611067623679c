"""Memory is estimated before it is allocated: a clear word beats a killed process."""

from __future__ import annotations

from kg.memory import available
from recsys.errors import RecsysError

_GIB = 1 << 30


def require(needed: int, what: str, instead: str) -> None:
    """Raise a RecsysError if `needed` bytes are not there; it names `instead`, a scorer that would fit."""
    there = available()
    if needed > there:
        raise RecsysError(
            f"{what} needs {needed / _GIB:.1f} GiB of memory and {there / _GIB:.1f} GiB are free",
            fix=f"Use the scorer {instead}, or a machine with more memory.",
            bad_input=False,
        )
