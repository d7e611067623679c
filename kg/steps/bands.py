"""Items in bands that each hold as many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ibis

if TYPE_CHECKING:
    import ibis.expr.types as ir


def banded(rows: ir.Table, column: str, n: int) -> ir.Table:
    """`rows` in `n` bands by quantile of a column, with the `low`est and `high`est value of each row's band.

    Rows of one value lie in one band, so there may be fewer bands.
    """
    value: Any = rows[column]
    place = ibis.rank().over(ibis.window(order_by=value)) / value.count().over(ibis.window())
    placed = rows.mutate(band=(place * n).floor())
    band = ibis.window(group_by="band")
    return placed.mutate(low=placed[column].min().over(band), high=placed[column].max().over(band))


def spoken(rows: ir.Table, told: Callable[[Any], Any]) -> Any:
    """The bounds of the bands of `banded`, each as `told` writes it: "2.50 to 3.00", or the one value that it holds."""
    low, high = told(rows.low), told(rows.high)
    return (rows.low == rows.high).ifelse(low, low + ibis.literal(" to ") + high)
