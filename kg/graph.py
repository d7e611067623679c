"""One typed graph of users, items and everything known about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.edges import Edges as Edges
from kg.errors import KgError
from kg.hashing import Digest
from kg.html import counts_table
from kg.ids import IdMap, Index
from kg.query import TIMELESS, Query, Weighting

USER, ITEM = "user", "item"
Relation = tuple[str, str, str]
"""(source type, name, target type), PyG's words; the reverse of `name` is `rev_name`."""


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

    def __repr__(self) -> str:
        return f"NodeType({self.name!r}, {len(self):,} nodes)"

    @property
    def range(self) -> range:
        return range(self.start, self.start + len(self))


def numbered(parts: Mapping[str, tuple[Iterable[str], Iterable[str]]], *, unique: bool = False) -> dict[str, NodeType]:
    """Node types of ids (see `IdMap`) and labels, one after the other in one numbering."""
    nodes: dict[str, NodeType] = {}
    start = 0
    for name, (ids, labels) in parts.items():
        nodes[name] = NodeType(name, IdMap(_objects(ids), unique), _objects(labels), start)
        start += len(nodes[name])
    return nodes


def _objects(texts: Iterable[str]) -> NDArray[Any]:
    if isinstance(texts, np.ndarray) and texts.dtype == object:
        return texts
    values = list(texts)
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


@dataclass(frozen=True, eq=False)
class KnowledgeGraph:
    """Node types in the order of one numbering, relations between them, and what is known of nodes beside.

    epoch        unix seconds that edge times count from
    now          seconds since the epoch: just after the last event, the moment the graph tells of
    provenances  names of the provenance codes
    features     per node type, named arrays with a row per node; of items `price` float32 in currency units, and where
                 the shop says so `available` bool, `stock` and `margin` float32
    """

    nodes: Mapping[str, NodeType]
    relations: Mapping[Relation, Edges]
    epoch: int
    now: int
    provenances: tuple[str, ...] = ("",)
    features: Mapping[str, Mapping[str, NDArray[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for relation, edges in self.relations.items():
            source, name, target = relation
            if source not in self.nodes or target not in self.nodes:
                fix = f"There are {', '.join(self.nodes)}: add the nodes first."
                raise KgError(f"relation {name!r} joins a node type the graph lacks", value=relation, fix=fix)
            if edges.sound:
                continue
            if len(edges.indptr) - 1 != len(self.nodes[source]):
                fix = f"Give `Edges.of` the number of {source} nodes: {len(self.nodes[source])}."
                raise KgError(f"relation {name!r} has not one row for each {source} node", value=relation, fix=fix)
            if len(edges) and not 0 <= edges.indices.min() <= edges.indices.max() < len(self.nodes[target]):
                worst, fix = int(edges.indices.max()), f"Count targets from 0 within the {target} nodes."
                raise KgError(f"relation {name!r} points outside the {target} nodes", value=worst, fix=fix)

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
        for node_type in self.nodes.values():
            if node in node_type.range:
                return node_type
        raise KgError("no such node in the graph", value=node, fix=f"Nodes are numbered 0 to {self.n_nodes - 1}.")

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

    def query(self, users: Iterable[str] | Index | None = None, now: int | Index | None = None) -> Query:
        """The query of users (ids, or indices; all without) as of `now`: the edges that left their nodes before it.

        An unknown id gives a row without events. `now` counts seconds from the epoch, for all or for each user (B,);
        the graph's own by default. What happens at `now` or later is left out: no target is in its own query.
        """
        if users is None:
            index = np.arange(self.n_users)
        elif isinstance(users, np.ndarray) and users.dtype.kind in "iu":
            index = users.astype(np.int64)
        else:
            index = self.nodes[USER].ids.to_index(users)
        names = [relation for relation in self.relations if relation[0] == USER]
        moments = np.broadcast_to(np.asarray(self.now if now is None else now, dtype=np.int64), index.shape)
        parts = [self.relations[name].leaving(index, moments) for name in names]
        rows = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
        order = np.argsort(rows, kind="stable")

        def column(kind: str, dtype: type[np.generic]) -> NDArray[Any]:
            values = [getattr(self.relations[name], kind)[part[1]] for name, part in zip(names, parts, strict=True)]
            return np.concatenate([*values, np.empty(0, dtype)]).astype(dtype)[order]

        lengths = [len(part[0]) for part in parts]
        starts = np.repeat(np.array([self.nodes[name[2]].start for name in names], dtype=np.int64), lengths)
        codes = np.repeat(np.arange(len(names), dtype=np.int16), lengths)
        return Query(
            users=index,
            indptr=np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(index)))]).astype(np.int64),
            nodes=column("indices", np.int64) + starts[order],
            kinds=codes[order],
            times=column("time", np.int32),
            quantities=column("weight", np.float32),
            now=moments.copy(),
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
        if node_type not in self.nodes:
            raise KgError("no such node type in the graph", value=node_type, fix=f"There are {', '.join(self.nodes)}.")
        found = int(self.nodes[node_type].ids.to_index([node_id])[0])
        if found < 0:
            known = self.nodes[node_type].ids.ids[:1]
            fix = f"Check the id: it is the shop's own, like {known[0]!r}." if len(known) else f"It has no {node_type}."
            raise KgError(f"no such {node_type} in the graph", value=node_id, fix=fix)
        return self.nodes[node_type].start + found

    @cached_property
    def hash(self) -> str:
        """Content hash of ids, labels, features and edges, 32 hex digits: the same for the same rows in any order."""
        digest = Digest()
        digest.add(np.array([self.epoch, self.now]))
        for name, node_type in sorted(self.nodes.items()):
            digest.add_texts([name])
            digest.add_texts(node_type.ids.ids)
            digest.add_texts(node_type.labels)
            for feature, values in sorted(self.features.get(name, {}).items()):
                digest.add_texts([feature])
                digest.add(values)
        for relation, edges in sorted(self.relations.items()):
            digest.add_texts(relation)
            digest.add(edges.indptr, edges.indices, edges.time, edges.weight)
        return digest.hex()

    @property
    def nbytes(self) -> int:
        """Bytes of all edges."""
        return sum(edges.nbytes for edges in self.relations.values())

    def _relation_names(self) -> str:
        return ", ".join(sorted(relation[1] for relation in self.relations))

    def __repr__(self) -> str:
        n_edges = sum(map(len, self.relations.values()))
        return f"KnowledgeGraph({self.n_nodes:,} nodes of {len(self.nodes)} types, {n_edges:,} edges)"

    def _repr_html_(self) -> str:
        nodes = {name: len(kind) for name, kind in self.nodes.items()}
        edges = {" → ".join(relation): len(edges) for relation, edges in self.relations.items()}
        return counts_table({"nodes": nodes, "edges": edges})
