"""Metrics of ranked lists; a new one is a function in its family's file and a line here.

What a metric needs beside the lists stands in `NEEDS`: where that is not known, it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from recsys.errors import RecsysError
from recsys.metrics.lists import Lists, Metric

__all__ = ["METRICS", "NEEDS", "Lists", "Metric", "figures", "listed", "metric"]

METRICS: Mapping[str, str] = {
    "ndcg": "recsys.metrics.positions:ndcg",
    "recall": "recsys.metrics.sets:recall",
    "precision": "recsys.metrics.sets:precision",
    "hit_rate": "recsys.metrics.sets:hit_rate",
    "map": "recsys.metrics.positions:average_precision",
    "mrr": "recsys.metrics.positions:reciprocal_rank",
    "ndcg-kgat": "recsys.metrics.positions:ndcg_kgat",
    "coverage": "recsys.metrics.catalogue:coverage",
    "novelty": "recsys.metrics.catalogue:novelty",
    "gini": "recsys.metrics.catalogue:gini",
    "arp": "recsys.metrics.catalogue:average_popularity",
    "popularity_lift": "recsys.metrics.catalogue:popularity_lift",
    "diversity": "recsys.metrics.variety:diversity",
    "calibration": "recsys.metrics.variety:calibration",
    "auc": "recsys.metrics.whole:auc",
}
NEEDS: Mapping[str, tuple[str, ...]] = {
    "popularity_lift": ("history",),
    "diversity": ("categories",),
    "calibration": ("history", "categories"),
    "auc": ("beaten",),
}
"""Fields of `Lists` without which a metric has nothing to say."""
WHOLE = frozenset({"auc"})
"""Metrics of whole rankings: their names have no length of list."""


def listed() -> tuple[str, ...]:
    """What is measured unless more is asked for: to sort all items takes longer than to find the first ones."""
    return tuple(name for name in METRICS if name not in WHOLE)


def figures(lists: Lists, names: Iterable[str], lengths: Iterable[int]) -> dict[str, NDArray[np.float64]]:
    """Every metric at every length, by `name@k`; without those that lack what they need."""
    found: dict[str, NDArray[np.float64]] = {}
    lengths = tuple(lengths)
    for name in names:
        function = metric(name)
        if any(getattr(lists, need) is None for need in NEEDS.get(name, ())):
            continue
        cuts = {name: max(lengths)} if name in WHOLE else {f"{name}@{k}": k for k in lengths}
        found |= {called: function(lists, k) for called, k in cuts.items()}
    return found


def metric(name: str) -> Metric:
    """The function of a metric; an unknown name is an error that says the nearest."""
    if name not in METRICS:
        near = get_close_matches(name, METRICS, n=1)
        raise RecsysError("no such metric", value=name, fix=f"Did you mean {(near or [', '.join(METRICS)])[0]}?")
    module, function = METRICS[name].split(":")
    return getattr(import_module(module), function)
