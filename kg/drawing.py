"""Splits by chance: of every user's items, of the items, of the users. The same seed draws the same from any order.

Whoever is drawn is drawn whole: of a pair, an item or a user no event stays in the window before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.carving import places
from kg.columns import PART, PARTS
from kg.config import Split

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_KEYS = {"cold-items": ("item_id",), "cold-users": ("user_id",)}
"""What is drawn whole; else pairs of a user and an item."""


def parted(events: ir.Table, section: Split) -> ir.Table:
    """The events with a column `part`, as `section.method` draws them.

    random      of each user's items a share for test and one for validation, never all
    k-fold      each user's items in `folds` equal parts: the part `fold` is test, the next one validation
    cold-items  of the items, and cold-users: of the users, a share for test and one for validation
    """
    import ibis
    import pyarrow as pa

    keys = _KEYS.get(section.method, ("user_id", "item_id"))
    drawn = events.select(*keys).distinct().order_by(*keys).to_pyarrow()
    part = pa.array(np.array(PARTS)[codes(drawn, section)])
    told = ibis.memtable(drawn.append_column(PART, part))
    others = [column for column in events.columns if column != PART]
    return events.select(*others).inner_join(told, list(keys)).select(*others, PART)


def codes(drawn: pa.Table, section: Split) -> NDArray[np.int64]:
    """Of each row of what is drawn, its place in `PARTS`: int64 (m,)."""
    rng = np.random.default_rng(section.seed)
    by_user = section.method in ("random", "k-fold")
    users = drawn["user_id"].combine_chunks().dictionary_encode().indices.to_numpy() if by_user else None
    of = np.zeros(len(drawn), dtype=np.int64) if users is None else users
    place, counts = places(of, rng)
    n = counts[of]
    if section.method == "k-fold":
        first = rng.integers(0, section.folds, len(counts))[of]  # else short histories would fill the first folds alone
        fold = (place + first - section.fold) % section.folds
        return np.where(fold == 0, 2, np.where(fold == 1, 1, 0))
    test = np.minimum(np.rint(section.test_share * n), n - 1)
    validation = np.minimum(np.rint(section.validation_share * n), n - 1 - test)
    return np.where(place < test, 2, np.where(place < test + validation, 1, 0))
