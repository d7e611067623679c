"""Tables in, graph out: ids become indices, events and facts become edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.graph import ITEM, USER, Edges, KnowledgeGraph, NodeType, Relation
from kg.ids import IdMap
from kg.query import TIMELESS
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir

_DAY = 86_400
EVENT_PROVENANCE = "events"


def build(tables: Tables) -> KnowledgeGraph:
    """The graph of all events and facts; building reads nothing but `tables`.

    Node types: `user`, `item`, then those of the facts by name; ids in each sorted, so that the order of rows never
    matters. An event weighs 1; a purchase the share of it that was kept (`value`, set by the step `returns`); a rating
    what its `value` says.
    """
    nodes = _nodes(tables)
    epoch, now = _span(tables)
    provenances: list[str] = [EVENT_PROVENANCE]
    relations: dict[Relation, Edges] = {}
    for kind in _sorted_values(tables.events, "kind"):
        relations[(USER, kind, ITEM)] = _event_edges(tables, kind, nodes, epoch)
    for relation in _fact_relations(tables):
        relations[relation] = _fact_edges(tables, relation, nodes, provenances)
    return KnowledgeGraph(nodes, relations, epoch, now, tuple(provenances), {ITEM: _item_features(tables, nodes[ITEM])})


def _nodes(tables: Tables) -> dict[str, NodeType]:
    facts = tables.facts.filter(~tables.facts.literal)
    ends = [(facts.head_type, facts["head"]), (facts.tail_type, facts["tail"])]
    of_facts = [facts.select(type=kind, id=node) for kind, node in ends]
    others = of_facts[0].union(of_facts[1]).distinct().to_pyarrow().to_pandas()
    found: dict[str, set[str]] = {str(kind): set(group["id"]) for kind, group in others.groupby("type")}
    for name, column, known in ((USER, "user_id", tables.users), (ITEM, "item_id", tables.items)):
        ids = tables.events.select(column).union(known.select(column)).distinct().to_pyarrow()[column]
        found[name] = found.get(name, set()) | set(ids.to_pylist())
    nodes: dict[str, NodeType] = {}
    start = 0
    for name in (USER, ITEM, *sorted(set(found) - {USER, ITEM})):
        ids = np.array(sorted(found[name]), dtype=object)
        nodes[name] = NodeType(name, IdMap(ids), _labels(tables, name, ids), start)
        start += len(ids)
    return nodes


def _labels(tables: Tables, name: str, ids: NDArray[Any]) -> NDArray[Any]:
    """Titles of items, `label` facts of other nodes; an id where neither says more."""
    if name == ITEM:
        known = tables.items.select(id=tables.items.item_id, label=tables.items.title)
    else:
        labels = tables.facts.filter((tables.facts.relation == "label") & (tables.facts.head_type == name))
        known = labels.group_by("head").agg(label=labels["tail"].min()).rename(id="head")
    frame = known.filter(known.label.notnull()).to_pyarrow().to_pandas()
    return frame.set_index("id")["label"].reindex(ids).fillna(_as_series(ids)).to_numpy(dtype=object)


def _as_series(ids: NDArray[Any]) -> Any:
    import pandas as pd

    return pd.Series(ids, index=ids)


def _span(tables: Tables) -> tuple[int, int]:
    """Epoch (the first event's midnight, unix seconds) and now (just after the last event, seconds from the epoch)."""
    times = tables.events.aggregate(
        first=tables.events.time.epoch_seconds().min(), last=tables.events.time.epoch_seconds().max()
    )
    first, last = (times.to_pyarrow()[column][0].as_py() for column in ("first", "last"))
    if first is None:
        return 0, 0
    epoch = first // _DAY * _DAY
    if last - epoch >= TIMELESS:
        raise KgError(
            "the log spans more than 68 years", column="time", fix="Check the times: a wrong unit, or a 1970?"
        )
    return epoch, last - epoch + 1


def _sorted_values(table: ir.Table, column: str) -> list[str]:
    return sorted(table.select(column).distinct().to_pyarrow()[column].to_pylist())


def _event_edges(tables: Tables, kind: str, nodes: dict[str, NodeType], epoch: int) -> Edges:
    events = tables.events.filter(tables.events.kind == kind)
    columns = events.select("user_id", "item_id", weight=events.value.fill_null(1.0), time=events.time.epoch_seconds())
    table = columns.to_pyarrow()
    time = table["time"].to_numpy()
    return Edges.of(
        nodes[USER].ids.to_index(table["user_id"].to_numpy()),
        nodes[ITEM].ids.to_index(table["item_id"].to_numpy()),
        len(nodes[USER]),
        weight=table["weight"].to_numpy(),
        time=np.where(np.isnan(time), TIMELESS, time - epoch) if time.dtype.kind == "f" else time - epoch,
    )


def _fact_relations(tables: Tables) -> list[Relation]:
    facts = tables.facts.filter(~tables.facts.literal)
    rows = facts.select("head_type", "relation", "tail_type").distinct().to_pyarrow().to_pylist()
    return sorted((row["head_type"], row["relation"], row["tail_type"]) for row in rows)


def _fact_edges(tables: Tables, relation: Relation, nodes: dict[str, NodeType], provenances: list[str]) -> Edges:
    head_type, name, tail_type = relation
    facts = tables.facts
    of_relation = (
        (facts.head_type == head_type) & (facts.relation == name) & (facts.tail_type == tail_type) & ~facts.literal
    )
    table = facts.filter(of_relation).select("head", "tail", "confidence", "provenance").distinct().to_pyarrow()
    names = [provenance or "" for provenance in table["provenance"].to_pylist()]
    provenances += sorted(set(names) - set(provenances))
    code = {provenance: index for index, provenance in enumerate(provenances)}
    return Edges.of(
        nodes[head_type].ids.to_index(table["head"].to_numpy()),
        nodes[tail_type].ids.to_index(table["tail"].to_numpy()),
        len(nodes[head_type]),
        weight=table["confidence"].fill_null(1.0).to_numpy(),
        provenance=np.array([code[provenance] for provenance in names], dtype=np.uint16),
    )


def _item_features(tables: Tables, items: NodeType) -> dict[str, NDArray[Any]]:
    """`price` float32 (NaN unknown) and `available` bool (unless the catalogue says no)."""
    frame = tables.items.select("item_id", "price", "available").to_pyarrow().to_pandas()
    frame = frame.drop_duplicates("item_id").set_index("item_id").reindex(items.ids.ids)
    available = frame["available"].map(lambda value: value is not False and value != 0)
    return {"price": frame["price"].to_numpy(dtype=np.float32), "available": available.to_numpy(dtype=bool)}
