"""Which kinds of things are surely bought after which: rules between categories, with a direction in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.mining.significance import discoveries, more_than_chance, more_than_share
from kg.query import Weighting
from recsys.scorers.interactions import weightiest
from recsys.scorers.sequels import before_and_after

_RATE = 0.001  # of the rules may be chance; so strict because several pairs of one person are not independent


def following(graph: KnowledgeGraph, kinds: csr_array[np.float32], reach: int) -> csr_array[np.bool_]:
    """Whether kind d is bought after kind c, csr bool (n_kinds, n_kinds), of items by their kinds (n_items, n_kinds).

    With n_cd pairs of a purchase of c and one of d on one of the same person's next `reach` days, two things must be
    sure (`discoveries`): n_cd is more than n_c · n_d / n, as many as by chance (Poisson), for what goes together; and
    it is more than half of n_cd + n_dc (binomial), for a taste has no order, but a cause comes first.
    """
    before, after = before_and_after(graph, weightiest(graph, Weighting()), float("inf"), reach)
    of: Any = kinds.sign()
    pairs = ((of.T @ before) @ (after @ of)).tocsr()
    found = pairs.tocoo()
    count = np.rint(found.data).astype(np.int64)
    expected = pairs.sum(axis=1)[found.row] * pairs.sum(axis=0)[found.col] / max(pairs.sum(), 1)
    back = np.rint(pairs.T.tocsr()[found.row, found.col]).astype(np.int64)
    tests = (more_than_chance(count, expected), more_than_share(count, count + back, np.full(len(count), 0.5)))
    sure = np.logical_and.reduce([discoveries(p, kinds.shape[1] ** 2, _RATE) for p in tests])
    return csr_array((sure[sure], (found.row[sure], found.col[sure])), pairs.shape)
