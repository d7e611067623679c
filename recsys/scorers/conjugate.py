"""Conjugate gradients on many systems of equations at once, one a row.

Hestenes & Stiefel, "Methods of conjugate gradients for solving linear systems", 1952.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def conjugate(applied: Callable[[Matrix], Matrix], goal: Matrix, start: Matrix, n_steps: int) -> Matrix:
    """After `n_steps` from `start`, the x whose rows A_r x_r come near those of `goal`, float32 (n, d).

    `applied` gives A_r x_r of all rows; every A_r is symmetric and positive definite.
    """
    x = start.copy()
    residual = goal - applied(x)
    direction = residual.copy()
    size = (residual**2).sum(axis=1)
    for _step in range(n_steps):
        moved = applied(direction)
        length = _ratio(size, (direction * moved).sum(axis=1))
        x += length * direction
        residual -= length * moved
        smaller = (residual**2).sum(axis=1)
        direction = residual + _ratio(smaller, size) * direction
        size = smaller
    return x


def _ratio(above: NDArray[np.float32], below: NDArray[np.float32]) -> Matrix:
    """Above / below as a column, 0 where there is nothing left to divide."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)[:, None]
