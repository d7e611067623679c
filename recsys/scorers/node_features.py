"""Numbers that are known of nodes, such as an item's price, as a network reads them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from kg.graph import USER, KnowledgeGraph
from recsys.errors import RecsysError


def standardised(graph: KnowledgeGraph, names: Sequence[str]) -> NDArray[np.float32]:
    """Features of all nodes but users, float32 (n_nodes − n_users, k): within a type of mean 0 and deviation 1.

    A column for every name and type that has it, which is 0 for nodes of other types. What is unknown (NaN) counts as
    the mean. Raises RecsysError for an infinite number, and where no type has a name, telling the nearest one.
    """
    columns = []
    for name in names:
        own = [kind for kind in graph.nodes if kind != USER and name in graph.features.get(kind, {})]
        if not own:
            raise _unknown(graph, name)
        columns += [_column(graph, kind, name) for kind in own]
    return np.stack(columns, axis=1) if columns else np.zeros((graph.n_nodes - graph.n_users, 0), np.float32)


def _column(graph: KnowledgeGraph, kind: str, name: str) -> NDArray[np.float32]:
    values = graph.features[kind][name].astype(np.float64)
    known = ~np.isnan(values)
    if np.isinf(values).any():
        place = int(np.flatnonzero(np.isinf(values))[0])
        node = graph.nodes[kind].ids.ids[place]
        fix = f"Correct the {name} of {kind} {node!r}."
        raise RecsysError("a feature is infinite", column=name, value=str(values[place]), fix=fix)
    mean, deviation = (values[known].mean(), values[known].std()) if known.any() else (0.0, 0.0)
    found = np.zeros(graph.n_nodes, dtype=np.float32)
    start = graph.nodes[kind].start
    found[start : start + len(values)] = np.where(known, values - mean, 0) / (deviation or 1.0)
    return found[graph.n_users :]


def _unknown(graph: KnowledgeGraph, name: str) -> RecsysError:
    known = sorted({feature for kind, own in graph.features.items() if kind != USER for feature in own})
    near = get_close_matches(name, known, n=1)
    fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known) or 'none'}."
    return RecsysError("no node but users has such a feature", column="features", value=name, fix=fix)
