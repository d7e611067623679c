"""The edges that a path walks, and as many others of the same degrees: taken out of a graph to test a reason."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from kg.edges import gather
from kg.graph import USER, KnowledgeGraph, Relation
from recsys.explanation.steps import Crowds, named
from recsys.summands import Path

Pairs = Mapping[Relation, NDArray[np.int64]]
"""Edges of a graph by relation, parallel ones as one: source · n_targets + target, sorted, each once, int64 (m,)."""
_NEAREST = 5  # times as many edges as are taken: those nearest to each in degree, that others are drawn from
_BACK = "rev_"


def edges_of(graph: KnowledgeGraph, user: int, path: Path) -> Pairs:
    """All edges on any walk of a path, those of every step, and the user's own to where it begins, of any kind.

    None where the path is no walk of the graph.
    """
    stations = Crowds(graph).stations(path)
    assert stations is not None  # there is time without end
    own, first = np.array([user + graph.nodes[USER].start]), stations[0]
    found = [(name, own, first) for name in graph.event_relations if name[2] == graph.type_of(path.nodes[0]).name]
    for name, (here, there) in zip(path.relations, pairwise(stations), strict=True):
        for source, _, target in named(graph, name, graph.type_of(int(here[0])).name) if len(here) else ():
            ends = (there, here) if name.startswith(_BACK) else (here, there)
            types = (target, source) if name.startswith(_BACK) else (source, target)
            found.append(((types[0], name.removeprefix(_BACK), types[1]), *ends))
    return merged({name: _between(graph, name, *ends)} for name, *ends in found)


def merged(parts: Iterable[Pairs]) -> Pairs:
    """All edges of several."""
    found: defaultdict[Relation, list[NDArray[np.int64]]] = defaultdict(list)
    for part in parts:
        for name, pairs in part.items():
            found[name].append(pairs)
    return {name: np.unique(np.concatenate(each)) for name, each in found.items()}


def alike(graph: KnowledgeGraph, taken: Pairs, degrees: NDArray[np.int64], rng: np.random.Generator) -> Pairs:
    """For every relation as many other edges, drawn from those whose ends have about the degrees of what is taken.

    `degrees` int64 (n_nodes,). Fewer where there are no others.
    """
    found = {}
    for name, pairs in taken.items():
        width = len(graph.nodes[name[2]])
        others = np.setdiff1d(graph.relations[name].pairs(width), pairs)
        if not len(others) or not len(pairs):
            continue
        near = min(_NEAREST * len(pairs), len(others))
        _, places = KDTree(_ends(graph, name, others, degrees)).query(_ends(graph, name, pairs, degrees), near)
        candidates = np.unique(places)
        chosen = rng.choice(candidates, min(len(pairs), len(candidates)), replace=False)
        found[name] = np.sort(others[chosen])
    return found


def without(graph: KnowledgeGraph, taken: Pairs) -> KnowledgeGraph:
    """The graph without some edges."""
    relations = dict(graph.relations)
    for name, pairs in taken.items():
        relations[name] = relations[name].without(pairs, len(graph.nodes[name[2]]))
    return replace(graph, relations=relations)


def _between(
    graph: KnowledgeGraph, name: Relation, sources: NDArray[np.int64], targets: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The edges of a relation from some nodes to others, as in `Pairs`."""
    edges, (source, target) = graph.relations[name], (graph.nodes[name[0]], graph.nodes[name[2]])
    local = sources - source.start
    rows, positions = gather(edges.indptr, local)
    ends = edges.indices[positions].astype(np.int64)
    kept = np.isin(ends + target.start, targets)
    return np.unique(local[rows[kept]] * len(target) + ends[kept])


def _ends(
    graph: KnowledgeGraph, name: Relation, pairs: NDArray[np.int64], degrees: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The logarithms of the degrees of both ends, float64 (m, 2)."""
    sources, targets = np.divmod(pairs, len(graph.nodes[name[2]]))
    places = np.column_stack([sources + graph.nodes[name[0]].start, targets + graph.nodes[name[2]].start])
    return np.log1p(degrees[places])
