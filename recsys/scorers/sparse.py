"""Constant CSR matrices in PyTorch, and their product."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import torch
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


def to_torch(matrix: csr_array, device: torch.device) -> Tensor:
    """A scipy CSR matrix as torch's, float32 with int32 indices."""
    parts = (matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data.astype(np.float32))
    indptr, indices, values = (torch.from_numpy(part).to(device) for part in parts)
    return csr(indptr, indices, values, matrix.shape)


def csr(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    """A CSR matrix of its parts."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR tensor support is in beta|invariant checks)")
        return torch.sparse_csr_tensor(indptr, indices, values, size=shape)
