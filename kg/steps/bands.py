"""Items in bands that each hold as many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

if TYPE_CHECKING:
    import ibis.expr.types as ir


def banded(rows: ir.Table, column: str, n: int) -> ir.Table:
    """`rows` in `n` bands by quantile of a column, with the `low`est and `high`est value of each row's band.

    Rows of one value lie in one band, so there may be fewer bands; rows without a value are in none. The different
    values are ordered here, not by the engine: a cluster would bring all rows to one machine to order them.
    """
    found = rows.filter(rows[column].notnull()).group_by(column).agg(size=_.count()).to_pyarrow().sort_by(column)
    values, sizes = found[column], found["size"].to_numpy()
    band = (np.cumsum(sizes) - sizes) * n // max(int(sizes.sum()), 1)
    first = np.searchsorted(band, band)
    last = np.searchsorted(band, band, side="right") - 1
    bounds = pa.table({column: values, "low": values.take(first), "high": values.take(last)})
    return ibis.memtable(bounds).join(rows, column).select(*rows.columns, "low", "high")


def spoken(rows: ir.Table, told: Callable[[Any], Any]) -> Any:
    """The bounds of the bands of `banded`, each as `told` writes it: "2.50 to 3.00", or the one value that it holds."""
    low, high = told(rows.low), told(rows.high)
    return (rows.low == rows.high).ifelse(low, low + ibis.literal(" to ") + high)
