"""Rows of a sparse matrix as dense blocks: rows of about one length side by side, so that little is padded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array


@dataclass(frozen=True, eq=False)
class Block:
    """Some rows: `rows` int64 (b,); their entries' `columns` int32 and `values` float32 (b, n), 0 and 0.0 pad."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int32]
    values: NDArray[np.float32]


def padded(X: csr_array, room: int) -> list[Block]:
    """All rows of X, the longest first, in blocks of at most `room` entries or of a single row."""
    lengths = np.diff(X.indptr)
    order = np.argsort(-lengths, kind="stable")
    found: list[Block] = []
    start = 0
    while start < len(order):
        longest = int(lengths[order[start]])
        rows = order[start : start + max(1, room // max(longest, 1))]
        held = np.arange(longest) < lengths[rows, None]
        places = np.where(held, X.indptr[rows, None] + np.arange(longest), 0)
        columns, values = (np.where(held, part[places], part.dtype.type(0)) for part in (X.indices, X.data))
        found.append(Block(rows, columns, values))
        start += len(rows)
    return found
