"""The inverse of a symmetric positive definite matrix, in its own buffer.

LAPACK's Cholesky where it is safe. Of a matrix beyond 2 GiB OpenBLAS's (0.3.30, two threads) ends in a segmentation
fault: there blocks of rows are swept one after the other, which takes as many operations.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, blas, lapack

_BLOCK = 512  # rows swept, or mirrored, at once
_LAPACK = 1 << 31  # bytes of a matrix up to which LAPACK is asked
_BYTES = 4
_Matrix = NDArray[np.float32]


def memory(n: int) -> int:
    """Bytes that `invert` works in, the matrix itself included."""
    return (n + 3 * min(_BLOCK, n)) * n * _BYTES


def invert(A: _Matrix) -> _Matrix:
    """A⁻¹, float32 (n, n) in Fortran order, in the buffer of A, of which only the lower triangle is read.

    Raises LinAlgError where A is not positive definite, as far as float32 can tell.
    """
    if A.nbytes <= _LAPACK:
        _by_cholesky(A)
    else:
        sweep(A)
    for start in range(0, len(A), _BLOCK):  # so far the inverse is in the lower triangle alone
        stop = min(start + _BLOCK, len(A))
        square = np.tril(A[start:stop, start:stop])
        A[start:stop, start:stop] = square + np.tril(square, -1).T
        A[start:stop, stop:] = A[stop:, start:stop].T
    return A


def _by_cholesky(A: _Matrix) -> None:
    factor, failed = lapack.spotrf(A, lower=1, clean=0, overwrite_a=1)
    if not failed:
        _, failed = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed:
        raise LinAlgError("not positive definite")


def sweep(A: _Matrix) -> None:
    """A⁻¹ in the lower triangle of A, by blocks (the sweep operator, Goodnight, The American Statistician 1979).

    Each block K of rows in turn, with P = A_KK⁻¹ and R all other rows:
    A_RR −= A_RK P A_KR,  A_RK ← A_RK P,  A_KK ← −P.  After the last one −A⁻¹ is left.
    """
    n = len(A)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        factor = np.linalg.cholesky(A[start:stop, start:stop])  # reads the lower triangle
        half, _ = lapack.strtri(factor, lower=1)  # P = halfᵀ half
        panel = np.concatenate([A[start:stop, :start].T, np.zeros((stop - start,) * 2, A.dtype), A[stop:, start:stop]])
        panel = np.asfortranarray(panel @ half.T)
        blas.ssyrk(-1, panel, beta=1, c=A, lower=1, overwrite_c=1)
        panel = panel @ half
        A[start:stop, :start] = panel[:start].T
        A[stop:, start:stop] = panel[stop:]
        A[start:stop, start:stop] = -half.T @ half
    np.negative(A, out=A)
