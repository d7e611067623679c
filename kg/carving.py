"""A random part of every user's items, for data that bring no such part along."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.columns import PART

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHARE = 0.2


def carved(events: ir.Table, to: str, seed: int, share: float = SHARE) -> ir.Table:
    """The events with a random share of every user's train items in the part `to`, all events of such a pair.

    A user's share is rounded and leaves her at least one item. The order of rows does not matter.
    """
    import ibis

    train = events.filter(events[PART] == "train")
    pairs = train.select("user_id", "item_id").distinct().order_by("user_id", "item_id").to_pyarrow()
    users = pairs["user_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    taken = ibis.memtable(pairs.take(np.flatnonzero(drawn(users, share, seed)))).mutate(_taken=True)
    joined = events.left_join(taken, ["user_id", "item_id"])
    moves = joined._taken.notnull() & (joined[PART] == "train")
    return joined.mutate(**{PART: ibis.ifelse(moves, to, joined[PART])}).select(*events.columns)


def drawn(users: NDArray[np.integer], share: float, seed: int) -> NDArray[np.bool_]:
    """Which rows are drawn, bool (m,): of each user (int (m,), from 0) a rounded share, but never all."""
    counts = np.bincount(users)
    wanted = np.minimum(np.rint(share * counts), counts - 1)
    order = np.lexsort((np.random.default_rng(seed).random(len(users)), users))
    place = np.empty(len(users), dtype=np.int64)
    place[order] = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place < wanted[users]
