"""Rows of scores, some at a time: so many as memory has room for, or as stay in the cache."""

from __future__ import annotations

from collections.abc import Iterator

BLOCK_BYTES = 1 << 27
"""Scores held at once: 128 MiB stays far from any memory limit and is large enough to be quick."""
CACHE_BYTES = 1 << 20
"""Scores that a core's cache still holds when they are looked at again."""
_BYTES = 4


def blocks(n_rows: int, n_items: int, n_scorers: int = 1) -> Iterator[slice]:
    """Slices of rows whose scores, of all scorers together, fit into `BLOCK_BYTES`."""
    return _slices(n_rows, BLOCK_BYTES // (_BYTES * max(n_items * n_scorers, 1)))


def cached(n_rows: int, n_items: int) -> Iterator[slice]:
    """Slices of rows whose scores fit into `CACHE_BYTES`: for work that passes over them more than once."""
    return _slices(n_rows, CACHE_BYTES // (_BYTES * max(n_items, 1)))


def _slices(n: int, size: int) -> Iterator[slice]:
    size = max(1, size)
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
