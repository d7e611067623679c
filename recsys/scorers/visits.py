"""Which events belong to one visit, or to one basket: those of a person that follow one another closely."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph, Relation

HOUR = 3600


def visits(owners: NDArray[Any], times: NDArray[Any], gap: float) -> NDArray[np.int64]:
    """The visit of every event, int64 (m,), numbered by owner and time; a new one begins after more than `gap` hours.

    owners int (m,); times seconds (m,), those without a time (`TIMELESS`) all in one visit.
    """
    order = np.lexsort((times, owners))
    moments = times[order].astype(np.int64)
    waited = moments[1:] - moments[:-1]
    begins = np.concatenate([np.zeros(min(len(order), 1), bool), (np.diff(owners[order]) != 0) | (waited > gap * HOUR)])
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.cumsum(begins)
    return number


def contents(visit: NDArray[np.int64], items: NDArray[Any], n_items: int) -> csr_array[np.float32]:
    """What every visit holds, from the visit and the item of events (m,): csr float32 (visits, n_items) of ones."""
    shape = (int(visit.max(initial=-1)) + 1, n_items)
    held = csr_array((np.ones(len(visit), np.float32), (visit, items)), shape)
    held.data[:] = 1  # several of one item are one
    return held


def purchases(graph: KnowledgeGraph, bought: Relation | None) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int32]]:
    """Owner, item and time of every event of a relation that counts, (m,) each; none without one."""
    if bought is None:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int32)
    edges = graph.relations[bought]
    counts = edges.weight > 0
    return edges.sources[counts], edges.indices[counts], edges.time[counts]
