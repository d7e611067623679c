"""Metrics of ranked lists; a new one is a function in its family's file and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module

from recsys.errors import RecsysError
from recsys.metrics.lists import Lists, Metric

__all__ = ["METRICS", "Lists", "Metric", "metric"]

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
}


def metric(name: str) -> Metric:
    """The function of a metric; an unknown name is an error that says the nearest."""
    if name not in METRICS:
        near = get_close_matches(name, METRICS, n=1)
        raise RecsysError("no such metric", value=name, fix=f"Did you mean {(near or [', '.join(METRICS)])[0]}?")
    module, function = METRICS[name].split(":")
    return getattr(import_module(module), function)
