"""Walking the graph along the steps of a path: which nodes it can pass, and whether every step is an edge."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph, Relation
from recsys.errors import RecsysError
from recsys.types import MANY, Contribution, Explanation, Path

Nodes = NDArray[np.int64]
NOWHERE: Nodes = np.empty(0, np.int64)
_REVERSE = "rev_"


def reverse(name: str) -> str:
    """The name of a relation walked the other way."""
    return name.removeprefix(_REVERSE) if name.startswith(_REVERSE) else _REVERSE + name


def named(graph: KnowledgeGraph, name: str, source: str) -> list[Relation]:
    """The relations of a name (`rev_…` too) that leave a node type, each as it is walked."""
    forward = name.removeprefix(_REVERSE)
    walked = (
        relation if forward == name else (relation[2], name, relation[0])
        for relation in graph.relations
        if relation[1] == forward
    )
    return [relation for relation in walked if relation[0] == source]


def neighbours(graph: KnowledgeGraph, nodes: Nodes, name: str) -> Nodes:
    """Where one step along `name` leads from any of `nodes` (of one type): sorted, each once, int64 (m,)."""
    if not len(nodes):
        return nodes
    source = graph.type_of(int(nodes[0]))
    reached = [_ends(graph, relation, nodes - source.start) for relation in named(graph, name, source.name)]
    return np.unique(np.concatenate(reached)) if reached else NOWHERE


def stations(graph: KnowledgeGraph, path: Path) -> list[Nodes]:
    """For every place of a path the nodes that lie on one of its walks; all empty where no walk goes all the way."""
    reached = _reached(graph, path)
    kept = reached[-1]
    on_the_way = [kept]
    for nodes, name in zip(reversed(reached[:-1]), reversed(path.relations), strict=True):
        kept = np.intersect1d(nodes, neighbours(graph, kept, reverse(name)), assume_unique=True)
        on_the_way.append(kept)
    return on_the_way[::-1]


def broken(graph: KnowledgeGraph, explanation: Explanation) -> tuple[str, ...]:
    """Every step of an explanation that is no edge of the graph, in words; none: it is valid."""
    parts = explanation.contributions
    own = [] if explanation.user < 0 else list(_broken_events(graph, explanation.user, parts))
    own += [
        f"a path from {graph.label(part.path.nodes[0])}, which its event does not touch"
        for part in parts
        if part.path and part.event and part.path.nodes[0] != part.event.node
    ]
    return tuple(own + [problem for path in _paths(parts) for problem in _broken_path(graph, path, explanation.item)])


def n_steps(explanation: Explanation) -> int:
    """How many different steps `broken` looks for: the user's events, and every step of every path."""
    parts = explanation.contributions
    return len(_events(parts)) + sum(len(path.relations) for path in _paths(parts))


def check(graph: KnowledgeGraph, explanation: Explanation) -> None:
    """Raise RecsysError if any step of the explanation is no edge of `graph`."""
    for problem in broken(graph, explanation):
        raise RecsysError(
            f"an explanation names a step that is no edge of the graph: {problem}",
            fix="Explain with the graph that the model was fitted on.",
            bad_input=False,
        )


def _ends(graph: KnowledgeGraph, relation: Relation, local: Nodes) -> Nodes:
    source, name, target = relation
    if name.startswith(_REVERSE):
        indptr, indices, _ = graph.relations[(target, name.removeprefix(_REVERSE), source)].reverse
    else:
        edges = graph.relations[relation]
        indptr, indices = edges.indptr, edges.indices
    local = local[local < len(indptr) - 1]
    first, last = indptr[local].astype(np.int64), indptr[local + 1].astype(np.int64)
    pieces = [indices[a:b] for a, b in zip(first.tolist(), last.tolist(), strict=True)]
    return np.concatenate([*pieces, np.empty(0, np.int32)]).astype(np.int64) + graph.nodes[target].start


def _reached(graph: KnowledgeGraph, path: Path) -> list[Nodes]:
    """For every place of a path the nodes that its first steps lead to; empty from the first step that is no edge."""
    reached = [np.array(path.nodes[:1], dtype=np.int64)]
    for name, node in zip(path.relations, path.nodes[1:], strict=True):
        nodes = neighbours(graph, reached[-1], name)
        reached.append(nodes if node == MANY else nodes[nodes == node])
    return reached


def _broken_events(graph: KnowledgeGraph, user: int, parts: Iterable[Contribution]) -> Iterable[str]:
    touched = _events(parts)
    own = np.array([user], dtype=np.int64)
    found = {kind: neighbours(graph, own, kind) for kind in {kind for kind, _ in touched}}
    for kind, node in sorted(touched):
        if node not in found[kind]:
            yield f"the user's {kind} of {graph.label(node)}"


def _events(parts: Iterable[Contribution]) -> set[tuple[str, int]]:
    return {(part.event.kind, part.event.node) for part in parts if part.event}


def _paths(parts: Iterable[Contribution]) -> list[Path]:
    """Every path once, however many events walk it."""
    paths = {(part.path.nodes, part.path.relations): part.path for part in parts if part.path and part.kind == "path"}
    return list(paths.values())


def _broken_path(graph: KnowledgeGraph, path: Path, item: int) -> Iterable[str]:
    if path.nodes[-1] != item:
        yield f"a path that ends at {graph.label(path.nodes[-1])}, not at {graph.label(item)}"
    for place, nodes in enumerate(_reached(graph, path)):
        if not len(nodes):
            yield f"{path.relations[place - 1]!r}, step {place} of a path from {graph.label(path.nodes[0])}"
            return
