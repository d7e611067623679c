"""A person's own factors out of what she did, those of the items given.

Hu, Koren & Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008, equation 4, and section 5 for
what each event gives to a score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Equations:
    """x = A⁻¹ Σ_j w_j y_j  with  A = shared + Σ_j w_j y_j y_jᵀ + penalty · I,  of one person.

    items   float32 (m, d): y of the items that she had, whose weights ≥ 0 are `weights` float64 (m,)
    shared  float64 (d, d): what the equations of all people have in common; positive semidefinite
    penalty > 0
    """

    items: Vectors
    weights: Floats
    solved: tuple[Floats, bool]

    @classmethod
    def of(cls, items: Vectors, weights: Floats, shared: Floats, penalty: float) -> Equations:
        theirs = items.astype(np.float64)
        matrix = shared + (theirs.T * weights) @ theirs
        matrix[np.diag_indices_from(matrix)] += penalty
        return cls(items, weights, cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False))

    @property
    def factors(self) -> Floats:
        """x, float64 (d,)."""
        return np.asarray(cho_solve(self.solved, self.items.T.astype(np.float64) @ self.weights, check_finite=False))

    def worth(self, item: Vectors) -> Floats:
        """What a weight of 1 on each item gives to x · y of an item with these factors (d,): float64 (m,)."""
        return np.asarray(self.items @ cho_solve(self.solved, item.astype(np.float64), check_finite=False))


def folded(history: csr_array, items: Vectors, shared: Floats, penalties: NDArray[np.floating]) -> Vectors:
    """The factors of every row of a history of weights ≥ 0, csr (B, n_items): float32 (B, d)."""
    found = np.zeros((history.shape[0], items.shape[1]), dtype=np.float32)
    for row, penalty in enumerate(penalties.tolist()):
        own = slice(int(history.indptr[row]), int(history.indptr[row + 1]))
        if own.start < own.stop:
            weights = history.data[own].astype(np.float64)
            found[row] = Equations.of(items[history.indices[own]], weights, shared, penalty).factors
    return found
