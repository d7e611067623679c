"""Other customers are counted, never named; where they are few, not even how many they are is told."""

from __future__ import annotations

FEWEST = 5  # of fewer a number could tell who they are


def counted(n: int, fewest: int) -> int | None:
    """How many of some customers may be told; None: fewer than that."""
    return n if n >= fewest else None


def said(count: int | None) -> str:
    """Such as `1,204`; of None `a few`."""
    return "a few" if count is None else f"{count:,}"
