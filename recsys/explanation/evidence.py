"""What the graph knows about two items, or one: counts and shared facts to set beside a score, never part of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import DAY, TIMELESS
from recsys.deadline import NEVER, Deadline
from recsys.explanation.steps import Nodes, common, n_edges, neighbours

RECENT_DAYS = 30
_POPULAR = 0.9  # an item is popular when it sells better than this share of the items


@dataclass(frozen=True, eq=False)
class Evidence:
    """Look-ups on one graph; what concerns all items is counted once."""

    graph: KnowledgeGraph

    def customers_of_both(self, first: int, second: int, besides: int, deadline: Deadline = NEVER) -> int:
        """How many customers have an event of the weightiest kind (purchase) with both items, one left out.

        0 where there is no time to count them.
        """
        kind = f"rev_{self.graph.event_kind}"
        ends = [np.array([item], dtype=np.int64) for item in (first, second)]
        if not deadline.allows(sum(n_edges(self.graph, end, kind) for end in ends)):
            return 0
        one, other = (neighbours(self.graph, end, kind) for end in ends)
        both = common(one, other)
        return int(np.count_nonzero(both != besides))

    def shared(self, first: int, second: int) -> list[tuple[str, int]]:
        """What both items have: (relation, node), the rarest first."""
        start = self.graph.nodes[ITEM].start
        found: list[tuple[int, str, int]] = []
        for (source, name, target), edges in self.graph.relations.items():
            if source != ITEM or target in (ITEM, USER):
                continue
            one, other = (edges.indices[slice(*edges.indptr[item - start :][:2])] for item in (first, second))
            having, offset = edges.reverse[0], self.graph.nodes[target].start
            both = np.intersect1d(one, other).tolist()
            found += [(int(having[node + 1] - having[node]), name, offset + node) for node in both]
        return [(name, node) for _, name, node in sorted(found)]

    def recent_customers(self, item: int, besides: int = -1) -> int:
        """How many customers bought an item in the last `RECENT_DAYS` days of the graph, one left out."""
        row = item - self.graph.nodes[ITEM].start
        buyers = self._recent.indices[self._recent.indptr[row] : self._recent.indptr[row + 1]]
        return int(np.count_nonzero(buyers != besides))

    def new(self, item: int) -> bool:
        """Whether no customer has had an event with an item yet."""
        node = np.array([item], dtype=np.int64)
        return not any(len(neighbours(self.graph, node, f"rev_{kind}")) for _, kind, _ in self.graph.event_relations)

    def popular(self, item: int) -> bool:
        """Whether an item is among the tenth of the items that most customers bought in those days."""
        return self.recent_customers(item) > self._threshold

    @cached_property
    def _recent(self) -> csr_array[np.float32]:
        """Who bought what in those days, csr (n_items, n_users)."""
        edges = self.graph.relations[self.graph.find(self.graph.event_kind, USER)]
        recent = (edges.time != TIMELESS) & (edges.time >= self.graph.now - RECENT_DAYS * DAY)
        pairs = (edges.indices[recent], edges.sources[recent])
        bought = csr_array((np.ones(len(pairs[0]), np.float32), pairs), (self.graph.n_items, self.graph.n_users))
        bought.sum_duplicates()
        return bought

    @cached_property
    def _threshold(self) -> float:
        return float(np.quantile(np.diff(self._recent.indptr), _POPULAR))


def provenance(graph: KnowledgeGraph, start: int, relation: str, end: int) -> str:
    """Where the fact comes from that joins two nodes; empty where it is not known."""
    backwards = relation.startswith("rev_")
    head, tail = (end, start) if backwards else (start, end)
    source, target = graph.type_of(head), graph.type_of(tail)
    edges = graph.relations.get((source.name, relation.removeprefix("rev_"), target.name))
    if edges is None:
        return ""
    row = slice(edges.indptr[head - source.start], edges.indptr[head - source.start + 1])
    place = int(np.searchsorted(edges.indices[row], tail - target.start))
    found = row.start + place
    return graph.provenances[edges.provenance[found]] if found < row.stop and found < len(edges) else ""


def others(nodes: Nodes, user: int) -> int:
    """How many nodes there are besides the user's own."""
    return int(np.count_nonzero(nodes != user))
