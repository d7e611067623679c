"""Items in bands that each hold as many of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray


def banded(rows: ir.Table, column: str, n: int, told: Callable[[Any], str], alike: Sequence[str] = ()) -> ir.Table:
    """`rows` with a column `band`: one of `n` by quantile of a column, among the rows that are alike in other columns.

    A band is called by its lowest and highest value, each as `told` writes it: "2.50 to 3.00", or the one value that it
    holds. Rows of one value lie in one band, so there may be fewer bands; rows without a value are left out. The
    different values are ordered and written here, not by the engine: a cluster would bring all rows to one machine to
    order them, and no two engines write numbers alike.
    """
    key = [*alike, column]
    given = rows.filter(rows[column].notnull())
    found = given.group_by(key).agg(size=_.count()).to_pyarrow().sort_by([(name, "ascending") for name in key])
    values, sizes = found[column].to_pylist(), found["size"].to_numpy()
    groups = list(zip(*(found[name].to_pylist() for name in alike), strict=True)) if alike else [()] * len(values)
    starts = [place for place, group in enumerate(groups) if not place or group != groups[place - 1]]
    called: list[str] = []
    for start, end in pairwise([*starts, len(values)]):
        called += _called(values[start:end], sizes[start:end], n, told)
    bands = found.select(key).append_column("band", pa.array(called, pa.string()))
    return ibis.memtable(bands).join(rows, key).select(*rows.columns, "band")


def _called(values: list[Any], sizes: NDArray[np.int64], n: int, told: Callable[[Any], str]) -> list[str]:
    """What the band of each of some values, in order, is called."""
    band = (np.cumsum(sizes) - sizes) * n // int(sizes.sum())
    first = np.searchsorted(band, band)
    last = np.searchsorted(band, band, side="right") - 1
    bounds = ((told(values[low]), told(values[high])) for low, high in zip(first, last, strict=True))
    return [low if low == high else f"{low} to {high}" for low, high in bounds]
