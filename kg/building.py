"""Tables in, graph out: ids become indices, events and facts become edges.

The engine turns the events' ids into indices, so that no text of a long log comes into this process; numpy sorts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.graph import ITEM, USER, Edges, KnowledgeGraph, Relation, numbered
from kg.query import TIMELESS
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

EVENT_PROVENANCE = "events"
_DAY = 86_400


def build(tables: Tables) -> KnowledgeGraph:
    """The graph of all events and facts; building reads nothing but `tables`.

    Node types: `user`, `item`, then those of the facts by name; ids in each sorted, so that the order of rows never
    matters. An event weighs 1; a purchase the share of it that was kept (`value`, set by the step `returns`); a rating
    what its `value` says. Two equal events are two edges, two equal facts are one.

    Raises KgError for a `value` that is no number and a log of more than 68 years.
    """
    known = Known.of(tables)
    ids = known.ids(*(distinct(tables.events, f"{name}_id") for name in (USER, ITEM)))
    seconds = tables.events.time.epoch_seconds()
    first, last = tables.events.aggregate(first=seconds.min(), last=seconds.max()).to_pyarrow().to_pylist()[0].values()
    epoch, now = span(first, last)
    return known.graph(ids, epoch, now, _event_edges(tables.events, ids, epoch))


@dataclass(frozen=True, eq=False)
class Known:
    """All of a graph but its events: `joins` and `labels` of the facts, the catalogue's `items` and `users`."""

    joins: pa.Table
    labels: pa.Table
    items: ir.Table
    users: ir.Table

    @classmethod
    def of(cls, tables: Tables) -> Known:
        import pyarrow.compute as pc

        facts = tables.facts.distinct().to_pyarrow()
        joins = facts.filter(pc.invert(facts["literal"]))
        return cls(joins, facts.filter(pc.equal(facts["relation"], "label")), tables.items, tables.users)

    def ids(self, users: pa.Array, items: pa.Array) -> dict[str, pa.Array]:
        """The ids of every node type, sorted: the users and items of the events among them."""
        import pyarrow as pa
        import pyarrow.compute as pc

        parts = {USER: [users, distinct(self.users, "user_id")], ITEM: [items, distinct(self.items, "item_id")]}
        for end in ("head", "tail"):
            ends = self.joins.group_by([f"{end}_type", end]).aggregate([])
            for name in sorted(pc.unique(ends[f"{end}_type"]).to_pylist()):
                of_type = ends.filter(pc.equal(ends[f"{end}_type"], name))
                parts.setdefault(name, []).append(of_type[end].combine_chunks().cast(pa.string()))
        unique = {name: pc.unique(pa.concat_arrays(own)) for name, own in parts.items()}
        order = (USER, ITEM, *sorted({*parts} - {USER, ITEM}))
        return {name: unique[name].take(pc.sort_indices(unique[name])) for name in order}

    def graph(
        self, ids: Mapping[str, pa.Array], epoch: int, now: int, events: Mapping[Relation, Edges]
    ) -> KnowledgeGraph:
        """The graph of these nodes, of all facts, and of the relations of the events."""
        import pyarrow.compute as pc

        catalogue = _catalogue(self.items, ids[ITEM])
        of_type = {name: self.labels.filter(pc.equal(self.labels["head_type"], name)) for name in ids}
        called = {name: _labels(own, of_type[name]) for name, own in ids.items()}
        called[ITEM] = pc.coalesce(catalogue["title"], called[ITEM])
        nodes = numbered({name: (own.to_pylist(), called[name].to_pylist()) for name, own in ids.items()})
        sources = {text or "" for text in pc.unique(self.joins["provenance"]).to_pylist()}
        provenances = (EVENT_PROVENANCE, *sorted(sources - {EVENT_PROVENANCE}))
        relations = {**events, **_fact_edges(self.joins, ids, provenances, epoch)}
        features = {name: own.to_numpy(zero_copy_only=False) for name, own in catalogue.items() if name != "title"}
        return KnowledgeGraph(nodes, relations, epoch, now, provenances, {ITEM: features})


def distinct(table: ir.Table, column: str) -> pa.Array:
    """The different texts of a column."""
    import pyarrow as pa

    return table.select(column).distinct().to_pyarrow()[column].combine_chunks().cast(pa.string())


def _labels(ids: pa.Array, labels: pa.Table) -> pa.Array:
    """The `label` of every node, of several the first in order; its id where there is none."""
    import pyarrow.compute as pc

    first = labels.group_by("head").aggregate([("tail", "min")])
    return pc.coalesce(_reindexed(first["tail_min"], first["head"], ids), ids)


def _catalogue(items: ir.Table, ids: pa.Array) -> dict[str, pa.Array]:
    """Title, `available` bool (where the catalogue says no), and numbers, float32 (NaN unknown), of every item.

    `price` always; `available`, `stock` and `margin` where the catalogue says it of any item: one it does not say
    `available` of is taken to be.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = {name: items[name].min() for name in ("price", "stock", "margin")}
    told = items.group_by("item_id").agg(title=items.title.min(), available=items.available.any(), **numbers)
    rows = told.to_pyarrow()
    found = {name: _reindexed(rows[name], rows["item_id"], ids) for name in ("title", "available", *numbers)}
    if pc.all(pc.is_null(found["available"])).as_py():
        del found["available"]
    else:
        found["available"] = pc.fill_null(found["available"], True)
    for name in numbers:
        found[name] = pc.fill_null(found[name].cast(pa.float32()), float("nan"))
        if name != "price" and pc.all(pc.is_nan(found[name])).as_py():
            del found[name]
    return found


def _reindexed(values: pa.ChunkedArray, of: pa.ChunkedArray, ids: pa.Array) -> pa.Array:
    """The value of every id, null where it has none."""
    import pyarrow.compute as pc

    return values.combine_chunks().take(pc.index_in(ids, value_set=of.combine_chunks()))


def span(first: int | None, last: int | None) -> tuple[int, int]:
    """Epoch (the first event's midnight, unix seconds) and now (just after the last event, seconds from the epoch).

    Of the unix seconds of the first and the last event, None where none has a time.
    """
    if first is None or last is None:
        return 0, 0
    epoch = first // _DAY * _DAY
    if last - epoch >= TIMELESS:
        fix = "Check the times: a wrong unit, or a 1970?"
        raise KgError("the log spans more than 68 years", column="time", fix=fix)
    return epoch, last - epoch + 1


def weights(events: ir.Table) -> ir.Column:
    """What an event's edge weighs: its `value`, 1 where it has none, NaN where it is too large."""
    return events.value.fill_null(1.0).try_cast("float32").fill_null(float("nan"))


def checked(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """The weights of events; KgError where one is no number, or too large for one."""
    if not np.isfinite(weight).all():
        fix = "Leave it empty where there is none."
        raise KgError("an event's value is not a number, or too large", column="value", fix=fix)
    return weight


def _event_edges(events: ir.Table, ids: Mapping[str, pa.Array], epoch: int) -> dict[Relation, Edges]:
    """A relation user → item per kind of event."""
    import pyarrow as pa

    kinds = sorted(distinct(events, "kind").to_pylist())
    rows = events.select(
        "user_id",
        "item_id",
        "kind",
        time=(events.time.epoch_seconds() - epoch).fill_null(int(TIMELESS)).cast("int32"),
        weight=weights(events),
    )
    for column, known in (("user_id", ids[USER]), ("item_id", ids[ITEM]), ("kind", pa.array(kinds, pa.string()))):
        rows = rows.join(_numbered(known, column), column)
    table = rows.select("user_id_index", "item_id_index", "kind_index", "time", "weight").to_pyarrow()
    users, items, codes, time, weight = (table[name].to_numpy() for name in table.column_names)
    checked(weight)
    relations = {}
    for code, kind in enumerate(kinds):
        own = codes == code
        relations[(USER, kind, ITEM)] = Edges.of(users[own], items[own], len(ids[USER]), weight[own], time[own])
    return relations


def _numbered(ids: pa.Array, column: str) -> ir.Table:
    """A table of ids and their indices, to join with."""
    import ibis
    import pyarrow as pa

    return ibis.memtable(pa.table({column: ids, f"{column}_index": np.arange(len(ids), dtype=np.int32)}))


def _fact_edges(
    facts: pa.Table, ids: Mapping[str, pa.Array], provenances: tuple[str, ...], epoch: int
) -> dict[Relation, Edges]:
    """A relation per head type, name and tail type."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(provenances) > np.iinfo(np.uint16).max:
        fix = "Name the source or the rule, not the single fact."
        raise KgError("the facts name too many provenances", column="provenance", value=len(provenances), fix=fix)
    key = ("head_type", "relation", "tail_type")
    by_key = [(name, "ascending") for name in key]
    facts = facts.sort_by(by_key)
    weight = pc.fill_null(facts["confidence"], 1.0).to_numpy()
    code = pc.index_in(pc.fill_null(facts["provenance"], ""), value_set=pa.array(provenances, pa.string())).to_numpy()
    seconds = pc.floor(pc.divide(facts["time"].cast(pa.int64()), 1_000_000))
    time = pc.fill_null(pc.subtract(seconds, epoch), int(TIMELESS)).to_numpy()
    time = np.clip(time, -int(TIMELESS), int(TIMELESS)).astype(np.int32)
    relations: dict[Relation, Edges] = {}
    start = 0
    for row in facts.group_by(key).aggregate([([], "count_all")]).sort_by(by_key).to_pylist():
        relation = (row["head_type"], row["relation"], row["tail_type"])
        own = slice(start, start + row["count_all"])
        heads, tails = (
            pc.index_in(facts[end][own], value_set=ids[row[f"{end}_type"]]).to_numpy() for end in ("head", "tail")
        )
        relations[relation] = Edges.of(heads, tails, len(ids[relation[0]]), weight[own], time[own], code[own])
        start = own.stop
    return relations
