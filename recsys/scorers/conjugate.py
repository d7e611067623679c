"""Conjugate gradients on many systems of equations at once, one a row.

Hestenes & Stiefel, "Methods of conjugate gradients for solving linear systems", 1952; preconditioned as in Golub & Van
Loan, "Matrix computations", algorithm 11.5.1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def conjugate(
    applied: Callable[[Matrix], Matrix], start: Matrix, residual: Matrix, n_steps: int, inverse: Matrix | None = None
) -> Matrix:
    """After `n_steps` from `start`, the x whose rows A_r x_r come near those of a goal, float32 (n, d).

    `applied` gives A_r x_r of all rows, every A_r symmetric and positive definite; `residual` is goal − applied(start).
    `inverse` (n, d), all above 0, are diagonals of matrices that stand for the inverses of the A_r: the nearer they
    come, the fewer steps it takes.
    """
    x, residual = start.copy(), residual.copy()
    direction = np.zeros_like(x)
    before = np.full(len(x), np.inf, dtype=np.float32)
    for _step in range(n_steps):
        guess = residual if inverse is None else inverse * residual
        size = np.vecdot(residual, guess)
        direction = guess + _ratio(size, before) * direction
        moved = applied(direction)
        length = _ratio(size, np.vecdot(direction, moved))
        x += length * direction
        residual -= length * moved
        before = size
    return x


def _ratio(above: NDArray[np.float32], below: NDArray[np.float32]) -> Matrix:
    """Above / below as a column, 0 where there is nothing left to divide."""
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)[:, None]
