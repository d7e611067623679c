"""How high in the list what was right stands."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recsys.metrics.lists import Lists


def ndcg(lists: Lists, k: int) -> NDArray[np.float64]:
    """Standard NDCG with gains 0 and 1: DCG / the DCG of min(k, |targets|) hits at the top, float64 (B,).

    Järvelin & Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.
    """
    discounts = _discounts(k)
    ideal = np.cumsum(discounts)[np.minimum(lists.n_targets, k) - 1]
    return _dcg(lists.hits[:, :k], discounts) / ideal


def ndcg_kgat(lists: Lists, k: int) -> NDArray[np.float64]:
    """The NDCG of KGAT's code: the ideal list holds only the hits that were found. Never below `ndcg`; float64 (B,).

    Wang et al., "KGAT: Knowledge graph attention network for recommendation", KDD 2019 (their evaluation code).
    """
    discounts = _discounts(k)
    hits = lists.hits[:, :k]
    ideal = np.concatenate([[1.0], np.cumsum(discounts)])[hits.sum(axis=1)]  # no hit: 0 / 1
    return _dcg(hits, discounts) / ideal


def average_precision(lists: Lists, k: int) -> NDArray[np.float64]:
    """Mean over min(k, |targets|) of the precision at each hit; its mean over users is MAP@k. float64 (B,)."""
    hits = lists.hits[:, :k]
    precisions = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return (precisions * hits).sum(axis=1) / np.minimum(lists.n_targets, k)


def reciprocal_rank(lists: Lists, k: int) -> NDArray[np.float64]:
    """1 / the rank of the first hit, 0 without one; its mean over users is MRR@k. float64 (B,)."""
    hits = lists.hits[:, :k]
    return np.where(hits.any(axis=1), 1 / (hits.argmax(axis=1) + 1), 0.0)


def _discounts(k: int) -> NDArray[np.float64]:
    """1 / log₂(rank + 1) of the ranks 1 … k."""
    return 1 / np.log2(np.arange(2, k + 2))


def _dcg(hits: NDArray[np.bool_], discounts: NDArray[np.float64]) -> NDArray[np.float64]:
    return hits @ discounts[: hits.shape[1]]
