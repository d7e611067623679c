"""What every metric looks at: ranked lists beside what was right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Lists:
    """B ranked lists; every row has at least one target.

    items       int64 (B, K)    best first, −1 pads
    hits        bool (B, K)     whether the item is a target of its row
    n_targets   int64 (B,)
    popularity  int64 (n_items,) users who had the item before
    n_users     users who had any
    history     csr (B, n_items), what each had before; None where nobody had anything
    categories  csr (n_items, C), the categories of each item; None where none is known
    beaten      float64 (B,), the mean over the row's targets of the share of all other candidates that stand below
                (an equal score is half below); None where whole rankings were not looked at
    """

    items: NDArray[np.int64]
    hits: NDArray[np.bool_]
    n_targets: NDArray[np.int64]
    popularity: NDArray[np.int64]
    n_users: int
    history: csr_array[Any] | None = None
    categories: csr_array[Any] | None = None
    beaten: NDArray[np.float64] | None = None

    @classmethod
    def of(
        cls,
        items: NDArray[np.int64],
        targets: csr_array[Any],
        popularity: NDArray[np.int64],
        n_users: int,
        history: csr_array[Any] | None = None,
        categories: csr_array[Any] | None = None,
        beaten: NDArray[np.float64] | None = None,
    ) -> Lists:
        """From lists (B, K) and targets csr (B, n_items), any value that is stored being a target."""
        n_rows, n_items = targets.shape
        right = np.sort(
            np.repeat(np.arange(n_rows), np.diff(targets.indptr)) * n_items + targets.indices, kind="stable"
        )
        given = np.arange(n_rows)[:, None] * n_items + items
        hits = (np.append(right, -1)[np.searchsorted(right, given)] == given) & (items >= 0)
        n_targets = np.diff(targets.indptr).astype(np.int64)
        return cls(items, hits, n_targets, popularity, n_users, history, categories, beaten)

    def shown(self, k: int) -> csr_array[np.float64]:
        """The first k of every list, csr float64 (B, n_items) of ones."""
        items = self.items[:, :k]
        rows, columns = np.nonzero(items >= 0)
        shape = (len(items), len(self.popularity))
        return csr_array((np.ones(len(rows)), (rows, items[rows, columns])), shape)


Metric = Callable[[Lists, int], NDArray[np.float64]]
"""metric(lists, k): a number per list, float64 (B,), or one for all lists together, shape ()."""
