"""What tells users apart, and items: how much they have done, and what is declared of them in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Query, Weighting
from recsys.errors import RecsysError
from recsys.ranking import CATEGORY

ACTIVITY = "activity"
_FROM = (0, 1, 6, 21, 101)  # different items had before: where each class begins
_VALUES, _USERS = 10, 5  # the commonest values that stand alone, with at least so many users each: the others together
OTHERS, UNKNOWN = "others", "unknown"


def categories(graph: KnowledgeGraph, node_type: str = CATEGORY) -> csr_array[np.float32] | None:
    """The nodes of a type that items have: csr (n_items, C) of ones; None where there are no categories at all."""
    if node_type == CATEGORY and node_type not in graph.nodes:
        return None
    check(graph, node_type)
    return _having(graph, ITEM, node_type)


def strata(graph: KnowledgeGraph, query: Query, by: Sequence[str] = ()) -> Mapping[str, NDArray[Any]]:
    """Of every row of a query how many items its user had, and what she has of each node type in `by`: objects (B,).

    Of several nodes of one type it is the first.
    """
    return {ACTIVITY: _activity(query), **{name: _declared(graph, query, name) for name in by}}


def order(labels: NDArray[Any]) -> list[str]:
    """The different labels as they are shown: classes of activity from few to many, others by how common they are."""
    names, counts = np.unique(labels.astype(str), return_counts=True)
    known = list(names[np.argsort(-counts, kind="stable")])
    return sorted(known, key=lambda name: (name in (OTHERS, UNKNOWN), _place(name)))


def _place(name: str) -> int:
    return _NAMES.index(name) if name in _NAMES else 0


def _activity(query: Query) -> NDArray[Any]:
    weighing = tuple(kind for kind in query.kind_names if Weighting().of_kind(kind))
    counts = np.diff(query.seen(weighing).indptr)
    return np.array(_NAMES, dtype=object)[np.searchsorted(_FROM, counts, "right") - 1]


_NAMES = tuple(
    "none" if not first else f"{first} or more" if after is None else f"{first} to {after - 1}"
    for first, after in zip(_FROM, (*_FROM[1:], None), strict=True)
)


def _declared(graph: KnowledgeGraph, query: Query, node_type: str) -> NDArray[Any]:
    check(graph, node_type)
    known = _having(graph, USER, node_type)
    labels = np.full(len(query), UNKNOWN, dtype=object)
    if known is None:
        return labels
    rows = np.flatnonzero((query.users >= 0) & (np.diff(known.indptr)[query.users] > 0))
    labels[rows] = graph.nodes[node_type].labels[known.indices[known.indptr[query.users[rows]]]]
    _names, place, counts = np.unique(labels.astype(str), return_inverse=True, return_counts=True)
    alone = (counts >= np.sort(counts)[-_VALUES:][0]) & (counts >= _USERS)
    return np.where(alone[place] | (labels == UNKNOWN), labels, OTHERS)


def _having(graph: KnowledgeGraph, source: str, target: str) -> csr_array[np.float32] | None:
    """What the nodes of one type have of another, over all relations: csr of ones, sorted; None: no such relation."""
    found = [graph.matrix(relation) for relation in sorted(graph.relations) if relation[::2] == (source, target)]
    if not found:
        return None
    total: Any = csr_array((len(graph.nodes[source]), len(graph.nodes[target])), dtype=np.float32)
    for matrix in found:
        total = total + matrix
    total.eliminate_zeros()
    total.sort_indices()
    total.data[:] = 1
    return total


def check(graph: KnowledgeGraph, node_type: str) -> None:
    """Raise RecsysError naming the nearest one where the graph has no such node type."""
    if node_type not in graph.nodes:
        near = get_close_matches(node_type, graph.nodes, n=1)
        fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(graph.nodes)}."
        raise RecsysError("the graph has no such node type", column="evaluation", value=node_type, fix=fix)
