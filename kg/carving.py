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
    place, counts = places(users, np.random.default_rng(seed))
    wanted = np.minimum(np.rint(share * counts), counts - 1)
    return place < wanted[users]


def places(of: NDArray[np.integer], rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every row's place, from 0, in a random order of its group `of` (int (m,)); and the groups' lengths."""
    counts = np.bincount(of)
    order = np.lexsort((rng.random(len(of)), of))
    place = np.empty(len(of), dtype=np.int64)
    place[order] = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts)
    return place, counts
