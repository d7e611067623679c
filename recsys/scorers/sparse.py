"""Constant CSR matrices in PyTorch, their product, and chosen entries of a product of dense ones."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor


def product(matrix: Tensor, transposed: Tensor, dense: Tensor) -> Tensor:
    """Matrix @ dense for a constant CSR matrix; its transpose is given, not made anew in every backward pass."""
    return _SparseProduct.apply(matrix, transposed, dense)  # type: ignore[no-untyped-call]


class _SparseProduct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, dense: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ dense

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ gradients[0]


def to_torch(matrix: csr_array, device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """A scipy CSR matrix as torch's, with int32 indices."""
    parts = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))
    indptr, indices, values = (torch.from_numpy(part).to(device) for part in parts)
    return csr(indptr, indices, values.to(dtype), matrix.shape)


def csr(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A CSR matrix of its parts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks)")
        return torch.sparse_csr_tensor(indptr, indices, values, size=shape)


Sorted = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True, eq=False)
class Entries:
    """Some entries of a matrix, in any order, perhaps some of them twice.

    there, turned  by row and by column: where each row begins, and the columns, int32; the order of the entries, int64
    """

    there: Sorted
    turned: Sorted

    @classmethod
    def of(
        cls, rows: NDArray[np.int64], columns: NDArray[np.int64], shape: tuple[int, int], device: torch.device
    ) -> Self:
        """The entries at `rows` and `columns`, int64 (m,), of a matrix of this shape."""
        there, turned = _sorted(rows, columns, shape[0]), _sorted(columns, rows, shape[1])
        return cls(_moved(there, device), _moved(turned, device))

    def of_product(self, left: Tensor, right: Tensor) -> Tensor:
        """What left @ right.T holds there, (m,); nothing else of it is computed, unless it is less than that."""
        if len(self.there[1]) > len(left) * len(right):
            return (left @ right.T).flatten()[self._flat(len(right))]
        return _Entries.apply(self, left, right)  # type: ignore[no-untyped-call]

    def _flat(self, n: int) -> Tensor:
        """Where the entries lie in a dense matrix of n columns, int64 (m,)."""
        starts, columns, order = self.there
        rows = torch.repeat_interleave(torch.arange(len(starts) - 1, device=starts.device), starts.diff())
        return torch.empty_like(order).index_copy_(0, order, rows * n + columns)


def _sorted(rows: NDArray[np.int64], columns: NDArray[np.int64], n_rows: int) -> tuple[NDArray[Any], ...]:
    """Entries by row: where each row begins, their columns, and their order."""
    m = len(rows)
    by_row = csr_array((np.ones(m, bool), rows, np.arange(m + 1)), (m, n_rows)).T.tocsr()  # sorts by counting
    return by_row.indptr.astype(np.int32), columns[by_row.indices].astype(np.int32), by_row.indices.astype(np.int64)


def _moved(way: tuple[NDArray[Any], ...], device: torch.device) -> Sorted:
    indptr, columns, order = (torch.from_numpy(part).to(device) for part in way)
    return indptr, columns, order


class _Entries(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, entries: Entries, left: Tensor, right: Tensor) -> Tensor:
        ctx.entries = entries
        ctx.save_for_backward(left, right)
        indptr, columns, order = entries.there
        pattern = csr(indptr, columns, left.new_ones(len(columns)), (len(left), len(right)))
        values = torch.sparse.sampled_addmm(pattern, left, right.T, beta=0).values()
        return torch.empty_like(values).index_copy_(0, order, values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        entries, (left, right) = ctx.entries, ctx.saved_tensors
        heard = []
        for (indptr, columns, order), own, other in ((entries.there, left, right), (entries.turned, right, left)):
            matrix = csr(indptr, columns, gradients[0][order], (len(own), len(other)))
            heard.append(matrix @ other)
        return None, *heard
