"""Walking the graph along the steps of a path: which nodes it can pass, and whether every step is an edge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.edges import gather
from kg.graph import KnowledgeGraph, Relation
from recsys.deadline import NEVER, Deadline
from recsys.errors import RecsysError
from recsys.summands import MANY, Contribution, Path
from recsys.types import Explanation

Nodes = NDArray[np.int64]
NOWHERE: Nodes = np.empty(0, np.int64)
_REVERSE = "rev_"
_LOOK_UP = 8  # marks that cost as much as one node that is looked up


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
    if len(nodes) == len(reached) == 1:  # in order already
        return reached[0][np.diff(reached[0], prepend=-1) > 0]
    return np.unique(np.concatenate(reached)) if reached else NOWHERE


def n_edges(graph: KnowledgeGraph, nodes: Nodes, name: str) -> int:
    """How many edges `neighbours` looks at."""
    if not len(nodes):
        return 0
    source = graph.type_of(int(nodes[0]))
    found = 0
    for relation in named(graph, name, source.name):
        indptr, _ = _adjacent(graph, relation)
        local = np.minimum(nodes - source.start, len(indptr) - 1)  # it ends after the last that has an edge
        found += int((indptr[np.minimum(local + 1, len(indptr) - 1)] - indptr[local]).sum())
    return found


def common(one: Nodes, other: Nodes) -> Nodes:
    """What two sorted arrays without repetitions have in common, sorted; the shorter one is looked up in the other."""
    short, long = sorted((one, other), key=len)
    if not len(short):
        return short
    first, span = long[0], int(long[-1] - long[0]) + 1
    if len(short) * _LOOK_UP > span:
        marked = np.zeros(span, dtype=bool)
        marked[long - first] = True
        inside = short[(short >= first) & (short <= long[-1])]
        return inside[marked[inside - first]]
    places = np.minimum(np.searchsorted(long, short), len(long) - 1)
    return short[long[places] == short]


@dataclass(frozen=True, eq=False)
class Crowds:
    """Who lies on the walks of some paths; what paths have in common between two named nodes is walked once."""

    graph: KnowledgeGraph
    deadline: Deadline = NEVER
    known: dict[Path, list[Nodes] | None] = field(default_factory=dict)

    def stations(self, path: Path) -> list[Nodes] | None:
        """For every place of a path the nodes on one of its walks; all empty where no walk goes all the way.

        None: there is no time to walk it.
        """
        named = [place for place, node in enumerate(path.nodes) if node != MANY]
        on_the_way = [np.array(path.nodes[:1], dtype=np.int64)]
        for start, end in pairwise(named):
            part = Path(path.nodes[start : end + 1], path.relations[start:end])
            if part not in self.known:
                self.known[part] = _between(self.graph, part, self.deadline)
            between = self.known[part]
            if between is None:
                return None
            on_the_way += between[1:]
        return on_the_way if all(map(len, on_the_way)) else [NOWHERE] * len(path.nodes)


def _between(graph: KnowledgeGraph, path: Path, deadline: Deadline) -> list[Nodes] | None:
    """`stations` of a path of which the first and the last node alone are named: walked from both, to the middle."""
    n = len(path.relations)
    back = Path(path.nodes[::-1], tuple(map(reverse, path.relations[::-1])))
    there = _walked(graph, path, n // 2, deadline)
    here = _walked(graph, back, n - n // 2, deadline)
    if there is None or here is None:
        return None
    here = here[::-1]
    met = common(there[-1], here[0])
    before = _narrowed(graph, there, met, back.relations[n - n // 2 :])
    after = _narrowed(graph, here[::-1], met, path.relations[n // 2 :])
    return [*before[::-1], *after[1:]]


def _walked(graph: KnowledgeGraph, path: Path, n_steps: int, deadline: Deadline) -> list[Nodes] | None:
    """Where the first steps from the first node of a path lead, one after the other; None: there is no time."""
    reached = [np.array(path.nodes[:1], dtype=np.int64)]
    for name in path.relations[:n_steps]:
        if not deadline.allows(n_edges(graph, reached[-1], name)):
            return None
        reached.append(neighbours(graph, reached[-1], name))
    return reached


def _narrowed(graph: KnowledgeGraph, reached: list[Nodes], last: Nodes, back: Sequence[str]) -> list[Nodes]:
    """From the last place to the first: what of `reached` leads to `last`, `back` the steps in this order."""
    kept = [last]
    for nodes, name in zip(reached[-2:0:-1], back, strict=False):
        kept.append(common(nodes, neighbours(graph, kept[-1], name)))
    if len(reached) > 1:  # whatever was reached was reached from the first
        kept.append(reached[0] if len(kept[-1]) else NOWHERE)
    return kept


def broken(graph: KnowledgeGraph, explanation: Explanation) -> tuple[str, ...]:
    """Every step of an explanation that is no edge of the graph, in words; none: it is valid."""
    parts = tuple(explanation.contributions)
    own = [] if explanation.user < 0 else list(_broken_events(graph, explanation.user, parts))
    own += [
        f"a path from {graph.label(part.path.nodes[0])}, which its event does not touch"
        for part in parts
        if part.path and part.event and part.path.nodes[0] != part.event.node
    ]
    return tuple(own + [problem for path in _paths(parts) for problem in _broken_path(graph, path, explanation.item)])


def n_steps(explanation: Explanation) -> int:
    """How many different steps `broken` looks for: the user's events, and every step of every path."""
    parts = tuple(explanation.contributions)
    return len(_events(parts)) + sum(len(path.relations) for path in _paths(parts))


def check(graph: KnowledgeGraph, explanation: Explanation) -> None:
    """Raise RecsysError if any step of the explanation is no edge of `graph`."""
    for problem in broken(graph, explanation):
        raise RecsysError(
            f"an explanation names a step that is no edge of the graph: {problem}",
            fix="Explain with the graph that the model was fitted on.",
            bad_input=False,
        )


def _adjacent(graph: KnowledgeGraph, relation: Relation) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """The edges of a relation as it is walked: where those of each source begin, and where they lead."""
    source, name, target = relation
    if name.startswith(_REVERSE):
        indptr, indices, _ = graph.relations[(target, name.removeprefix(_REVERSE), source)].reverse
        return indptr, indices
    edges = graph.relations[relation]
    return edges.indptr, edges.indices


def _ends(graph: KnowledgeGraph, relation: Relation, local: Nodes) -> Nodes:
    target = relation[2]
    indptr, indices = _adjacent(graph, relation)
    if len(local) == 1 and local[0] < len(indptr) - 1:
        reached = indices[indptr[local[0]] : indptr[local[0] + 1]]  # no copy: a hub's are very many
    else:
        reached = indices[gather(indptr, local)[1]]
    return reached.astype(np.int64) + graph.nodes[target].start


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
