"""Memory is estimated before it is allocated: a clear word beats a killed process."""

from __future__ import annotations

from kg.memory import available
from recsys.errors import RecsysError

_GIB = 1 << 30


def require(needed: int, what: str, instead: str, on_gpu: int | None = None) -> None:
    """Raise a RecsysError if `needed` bytes are not there; it names `instead`, a scorer that would fit.

    `on_gpu` is what is free on the GPU, where it is the GPU's memory that is needed.
    """
    there = available() if on_gpu is None else on_gpu
    if needed > there:
        whose, where = ("", "a machine") if on_gpu is None else ("the GPU's ", "--device cpu, or a GPU")
        raise RecsysError(
            f"{what} needs {needed / _GIB:.1f} GiB of {whose}memory and {there / _GIB:.1f} GiB are free",
            fix=f"Use the scorer {instead}, or {where} with more memory.",
            bad_input=False,
        )
