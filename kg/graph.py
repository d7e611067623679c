"""One typed graph of users, items and everything known about them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.errors import KgError
from kg.ids import IdMap, Index
from kg.query import TIMELESS, Query, Weighting

USER, ITEM = "user", "item"
Relation = tuple[str, str, str]
"""(source type, name, target type), PyG's words; the reverse of `name` is `rev_name`."""

_HASH_SCALE = 1 << 16  # edge weights are hashed as integers: float text differs between machines


@dataclass(frozen=True, eq=False)
class NodeType:
    """The nodes of one type; `start` is the first one's place in the graph's one numbering.

    `labels` (n,) are read by people, `ids` by machines.
    """

    name: str
    ids: IdMap
    labels: NDArray[Any]
    start: int

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def range(self) -> range:
        return range(self.start, self.start + len(self))


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of one relation, sorted by source, then target, then time; one edge per event, parallel edges stay.

    indptr      int32 (n_source + 1,), int64 from 2³¹ edges on
    indices     int32 (n_edges,)   targets, counted within their type
    weight      float32 (n_edges,)
    time        int32 (n_edges,)   seconds from the graph's epoch, `TIMELESS` for facts
    provenance  uint16 (n_edges,)  code of where an edge comes from, into the graph's `provenances`
    """

    indptr: NDArray[Any]
    indices: NDArray[np.int32]
    weight: NDArray[np.float32]
    time: NDArray[np.int32]
    provenance: NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.indices)

    @property
    def sources(self) -> NDArray[np.int32]:
        """The source of every edge, int32 (n_edges,)."""
        return np.repeat(np.arange(len(self.indptr) - 1, dtype=np.int32), np.diff(self.indptr))

    @cached_property
    def reverse(self) -> tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int32]]:
        """The same edges by target: (indptr, sources int32, position of each in the forward order int32)."""
        n_targets = int(self.indices.max()) + 1 if len(self) else 0
        order = np.argsort(self.indices, kind="stable").astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(np.bincount(self.indices, minlength=n_targets))])
        return indptr, self.sources[order], order

    @property
    def nbytes(self) -> int:
        return sum(column.nbytes for column in (self.indptr, self.indices, self.weight, self.time, self.provenance))

    @classmethod
    def of(
        cls,
        sources: NDArray[Any],
        targets: NDArray[Any],
        n_sources: int,
        weight: NDArray[Any] | None = None,
        time: NDArray[Any] | None = None,
        provenance: NDArray[Any] | None = None,
    ) -> Edges:
        """Edges in any order; without `weight` all weigh 1, without `time` none has one."""
        n = len(sources)
        weight = np.ones(n, np.float32) if weight is None else np.asarray(weight, np.float32)
        time = np.full(n, TIMELESS) if time is None else np.asarray(time, np.int32)
        provenance = np.zeros(n, np.uint16) if provenance is None else np.asarray(provenance, np.uint16)
        order = np.lexsort((provenance, weight, time, targets, sources))
        counts = np.bincount(sources, minlength=n_sources) if n else np.zeros(n_sources, np.int64)
        indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32 if n < 2**31 else np.int64)
        targets = np.asarray(targets, np.int32)
        return cls(indptr, targets[order], weight[order], time[order], provenance[order])


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """Node types in the order of one numbering, relations between them, and what is known of nodes beside.

    epoch        unix seconds that edge times count from
    now          seconds since the epoch: just after the last event, the moment the graph tells of
    provenances  names of the provenance codes
    features     per node type, named arrays with a row per node (`price` float32 in currency units, `available` bool)
    """

    nodes: Mapping[str, NodeType]
    relations: Mapping[Relation, Edges]
    epoch: int
    now: int
    provenances: tuple[str, ...] = ("",)
    features: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (source, name, target), edges in self.relations.items():
            if source not in self.nodes or target not in self.nodes:
                raise KgError(f"relation {name!r} joins a node type the graph lacks", value=(source, name, target))
            if len(edges.indptr) - 1 != len(self.nodes[source]):
                raise KgError(f"relation {name!r} has another number of sources than there are {source} nodes")
            if len(edges) and not 0 <= edges.indices.min() <= edges.indices.max() < len(self.nodes[target]):
                raise KgError(f"relation {name!r} points outside the {target} nodes", value=int(edges.indices.max()))

    @property
    def n_nodes(self) -> int:
        return sum(len(node_type) for node_type in self.nodes.values())

    @property
    def n_users(self) -> int:
        return len(self.nodes[USER])

    @property
    def n_items(self) -> int:
        return len(self.nodes[ITEM])

    def type_of(self, node: int) -> NodeType:
        """The type that a node of the one numbering belongs to."""
        return next(node_type for node_type in self.nodes.values() if node in node_type.range)

    def label(self, node: int) -> str:
        """What people read for a node of the one numbering."""
        node_type = self.type_of(node)
        return str(node_type.labels[node - node_type.start])

    def id(self, node: int) -> str:
        """The shop's id of a node of the one numbering."""
        node_type = self.type_of(node)
        return str(node_type.ids.ids[node - node_type.start])

    @property
    def event_relations(self) -> tuple[Relation, ...]:
        """The relations user → item, one per kind of event."""
        return tuple(relation for relation in self.relations if relation[0] == USER and relation[2] == ITEM)

    def find(self, name: str, source: str | None = None) -> Relation:
        """The relation of this name (`rev_…` too: the relation it reverses, turned round)."""
        forward = name.removeprefix("rev_")
        for relation in self.relations:
            found = relation if forward == name else (relation[2], name, relation[0])
            if relation[1] == forward and source in (None, found[0]):
                return found
        raise KgError("no such relation in the graph", value=name, fix=f"There are: {self._relation_names()}.")

    def matrix(self, relation: Relation, weighting: Weighting | None = None) -> csr_array[np.float32]:
        """A relation as csr float32 (n_source, n_target), parallel edges summed.

        `weighting` weighs events by kind and age; without it, edges count with their own weight.
        """
        source, name, target = relation
        if name.startswith("rev_"):
            return self.matrix((target, name.removeprefix("rev_"), source), weighting).T.tocsr()
        edges = self.relations[relation]
        weight = edges.weight
        if weighting is not None:
            ages = np.where(edges.time == TIMELESS, 0, self.now - edges.time)
            weight = weighting.of_kind(name) * weight * weighting.decay(ages)
        shape = (len(self.nodes[source]), len(self.nodes[target]))
        matrix = csr_array((weight.astype(np.float32), edges.indices.copy(), edges.indptr.copy()), shape)
        matrix.sum_duplicates()
        return matrix

    def interactions(self, weighting: Weighting) -> csr_array[np.float32]:
        """All events of all users: csr float32 (n_users, n_items), `matrix` summed over the kinds that weigh."""
        total: Any = csr_array((self.n_users, self.n_items), dtype=np.float32)
        for relation in self.event_relations:
            if weighting.of_kind(relation[1]):
                total = total + self.matrix(relation, weighting)
        total.eliminate_zeros()
        return total

    def query(self, users: Iterable[str] | Index | None = None, now: int | None = None) -> Query:
        """The query of users (ids, or indices; all without) as of `now`: every edge that leaves their nodes.

        An unknown id gives a row without events; `now` counts seconds from the epoch, the graph's own by default.
        """
        if users is None:
            index = np.arange(self.n_users)
        elif isinstance(users, np.ndarray) and users.dtype.kind in "iu":
            index = users.astype(np.int64)
        else:
            index = self.nodes[USER].ids.to_index(users)
        names = [relation for relation in self.relations if relation[0] == USER]
        parts = [_leaving(self.relations[relation], index) for relation in names]
        rows = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
        order = np.argsort(rows, kind="stable")

        def column(kind: str, dtype: type[np.generic]) -> NDArray[Any]:
            values = [getattr(self.relations[name], kind)[part[1]] for name, part in zip(names, parts, strict=True)]
            return np.concatenate([*values, np.empty(0, dtype)]).astype(dtype)[order]

        starts = np.repeat([self.nodes[name[2]].start for name in names], [len(part[0]) for part in parts])
        codes = np.repeat(np.arange(len(names)), [len(part[0]) for part in parts])
        return Query(
            users=index,
            indptr=np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(index)))]).astype(np.int64),
            nodes=column("indices", np.int64) + starts.astype(np.int64)[order],
            kinds=codes.astype(np.int16)[order],
            times=column("time", np.int32),
            quantities=column("weight", np.float32),
            now=np.full(len(index), self.now if now is None else now, dtype=np.int64),
            kind_names=tuple(name[1] for name in names),
            items=self.nodes[ITEM].range,
            n_nodes=self.n_nodes,
        )

    def guest(self, events: Iterable[tuple[str, str]], now: int | None = None) -> Query:
        """The query of one person the graph does not know: (node type, id) pairs, bought just now."""
        kind = self.event_kind
        nodes = [self.node(node_type, node_id) for node_type, node_id in events]
        moment = self.now if now is None else now
        return Query(
            users=np.array([-1]),
            indptr=np.array([0, len(nodes)]),
            nodes=np.array(nodes, dtype=np.int64),
            kinds=np.zeros(len(nodes), dtype=np.int16),
            times=np.full(len(nodes), moment, dtype=np.int32),
            quantities=np.ones(len(nodes), dtype=np.float32),
            now=np.array([moment]),
            kind_names=(kind,),
            items=self.nodes[ITEM].range,
            n_nodes=self.n_nodes,
        )

    @property
    def event_kind(self) -> str:
        """The kind of event that weighs most: a purchase, where there are purchases."""
        kinds = [relation[1] for relation in self.event_relations]
        if not kinds:
            raise KgError("the graph has no event", fix="Build it from a log with at least one purchase or view.")
        return max(kinds, key=Weighting().of_kind)

    def node(self, node_type: str, node_id: str) -> int:
        """The place of a node in the one numbering."""
        found = int(self.nodes[node_type].ids.to_index([node_id])[0])
        if found < 0:
            raise KgError(f"no such {node_type} in the graph", value=node_id)
        return self.nodes[node_type].start + found

    @cached_property
    def hash(self) -> str:
        """Content hash, 32 hex digits: the same for the same rows in any order, over ids and integers only."""
        digest = hashlib.blake2b(digest_size=16)
        for name in sorted(self.nodes):
            digest.update(name.encode() + b"\0")
            digest.update("\0".join(map(str, self.nodes[name].ids.ids)).encode("utf-8", "surrogatepass"))
        for relation in sorted(self.relations):
            edges = self.relations[relation]
            digest.update("\0".join(relation).encode())
            weight = np.rint(edges.weight.astype(np.float64) * _HASH_SCALE).astype(np.int64)
            for values in (edges.indptr.astype(np.int64), edges.indices, edges.time, weight):
                digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    @property
    def nbytes(self) -> int:
        """Bytes of all edges."""
        return sum(edges.nbytes for edges in self.relations.values())

    def _relation_names(self) -> str:
        return ", ".join(sorted(relation[1] for relation in self.relations))

    def _repr_html_(self) -> str:
        nodes = "".join(f"<tr><td>{name}</td><td>{len(kind):,}</td></tr>" for name, kind in self.nodes.items())
        edges = "".join(f"<tr><td>{' → '.join(r)}</td><td>{len(e):,}</td></tr>" for r, e in self.relations.items())
        return f"<table><tr><th>nodes</th><th></th></tr>{nodes}<tr><th>edges</th><th></th></tr>{edges}</table>"


def _leaving(edges: Edges, sources: Index) -> tuple[Index, Index]:
    """The edges that leave some sources (−1: none): the row each belongs to and its position."""
    known = sources >= 0
    first = np.where(known, edges.indptr[:-1][sources], 0).astype(np.int64) if len(edges.indptr) > 1 else 0 * sources
    last = np.where(known, edges.indptr[1:][sources], 0).astype(np.int64) if len(edges.indptr) > 1 else 0 * sources
    lengths = last - first
    rows = np.repeat(np.arange(len(sources)), lengths)
    ends = np.cumsum(lengths)
    positions = np.arange(len(rows)) + np.repeat(first - (ends - lengths), lengths)
    return rows, positions
