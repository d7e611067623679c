"""What the queries of a batch of pairs ask for, each without its own target, and how near it is to chosen items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn.functional import normalize

from recsys.scorers.sparse import Entries, product, to_torch

Index = NDArray[np.int64]
_NOTHING = 1e-6  # of a whole query: a rest that is shorter is what rounding has left


@dataclass(frozen=True, eq=False)
class Asked:
    """Queries as sums[place] − own · items[targets], (b, size): each user's is summed once, whatever her pairs.

    sums   float32 (r, size), what whole queries come to; place int64 (b,), which of them is a pair's
    items  float32 (n_items, size); targets int64 (b,); own float32 (b,), what the target weighs in the query
    """

    sums: Tensor
    place: Index
    items: Tensor
    targets: Index
    own: NDArray[np.float32]

    def normalised(self) -> Tensor:
        """The queries at length 1, float32 (b, size)."""
        n_sums, n_pairs = len(self.sums), len(self.place)
        columns = np.column_stack([self.place, n_sums + self.targets])
        values = np.column_stack([np.ones(n_pairs, np.float32), -self.own])
        indptr = 2 * np.arange(n_pairs + 1)
        less = csr_array((values.ravel(), columns.ravel(), indptr), (n_pairs, n_sums + len(self.items)))
        there, turned = (to_torch(matrix, self.items.device) for matrix in (less, less.T.tocsr()))
        return normalize(product(there, turned, torch.cat([self.sums, self.items])), dim=1)

    def near(self, offered: Tensor, chosen: Index) -> Tensor:
        """normalised() · offered[chosen], float32 (b, k) for `chosen` int64 (b, k), by products of rows alone.

        Nothing of (b, size) is made: for an epoch's pairs it would leave the caches a dozen times.
        """
        k, columns, device = chosen.shape[1], chosen.ravel(), self.items.device
        own = torch.from_numpy(self.own).to(device)

        def products(rows: Index, left: Tensor) -> Tensor:
            entries = Entries.of(np.repeat(rows, k), columns, (len(left), len(offered)), device)
            return entries.of_product(left, offered).view(-1, k)

        asked = products(self.place, self.sums) - own[:, None] * products(self.targets, self.items)
        return asked / self._lengths(own)[:, None]

    def _lengths(self, own: Tensor) -> Tensor:
        """By double numbers, since a difference of squares loses half the digits: float32 (b,)."""
        sums, items, own = self.sums.double(), self.items.double(), own.double()
        of_both = Entries.of(self.place, self.targets, (len(sums), len(items)), own.device).of_product(sums, items)
        place, targets = (torch.from_numpy(each).to(own.device) for each in (self.place, self.targets))
        whole = sums.square().sum(dim=1)[place]
        squares = whole - 2 * own * of_both + own.square() * items.square().sum(dim=1)[targets]
        least = (_NOTHING**2 * whole.detach()).clamp(min=torch.finfo(torch.float32).tiny)
        return torch.maximum(squares, least).sqrt().float()
