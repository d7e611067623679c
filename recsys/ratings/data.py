"""Ratings out of a graph, and out of a window of later events; how far a prediction is off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kg.graph import ITEM, USER, KnowledgeGraph
from recsys.errors import RecsysError

if TYPE_CHECKING:
    import ibis.expr.types as ir

Index = NDArray[np.int64]
Floats = NDArray[np.float64]
_KIND = "rating"


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who said what of which item: int64 (m,) users and items, −1 where the graph lacks one; float64 (m,) values."""

    users: Index
    items: Index
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Index) -> Ratings:
        return Ratings(self.users[rows], self.items[rows], self.values[rows])


class Rater(Protocol):
    """Predicts ratings; a dataclass whose fields are its hyperparameters, learned state ends in `_`."""

    def fit(self, graph: KnowledgeGraph) -> Self:
        """Learn from the graph's ratings."""
        ...

    def predict(self, users: Index, items: Index) -> Floats:
        """The rating of each pair, float64 (m,); −1 is somebody, or something, that the graph lacks."""
        ...


def known(graph: KnowledgeGraph) -> Ratings:
    """All ratings of a graph; RecsysError where there are none, or one is no number."""
    edges = graph.relations.get((USER, _KIND, ITEM))
    if edges is None or not len(edges):
        fix = 'Name the kind of event "rating", and give its `value`.'
        raise RecsysError("the graph has no ratings", value=_KIND, fix=fix)
    return Ratings(edges.sources.astype(np.int64), edges.indices.astype(np.int64), edges.weight.astype(np.float64))


def asked(graph: KnowledgeGraph, events: ir.Table) -> Ratings:
    """The ratings of a window of later events; RecsysError where there are none."""
    rated = events.filter((events.kind == _KIND) & events.value.notnull())
    rows = rated.select("user_id", "item_id", "value").order_by(["user_id", "item_id", "value"]).to_pyarrow()
    if not len(rows):
        raise RecsysError("no rating of the window has a value", value=_KIND, fix="Move the split, or map `value`.")
    users = graph.nodes[USER].ids.to_index(rows["user_id"].to_numpy())
    items = graph.nodes[ITEM].ids.to_index(rows["item_id"].to_numpy())
    return Ratings(users, items, rows["value"].to_numpy().astype(np.float64))


def errors(predicted: Floats, true: Floats) -> dict[str, float]:
    """Root of the mean squared error, and mean absolute error, in the scale's own unit."""
    off = predicted - true
    return {"rmse": float(np.sqrt(np.mean(off**2))), "mae": float(np.mean(np.abs(off)))}
