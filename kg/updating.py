"""A graph after events and catalogue rows have come or gone, without its other events being sorted and numbered anew.

An event's edge depends on the events of its user–item pair alone (`kg.steps` keep to that), so that only the edges of
pairs with a change are made again; the others keep their order under new numbers. Facts, which are as many as the
catalogue is large, are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.building import Known, checked, span, weights
from kg.config import Split
from kg.graph import ITEM, USER, Edges, KnowledgeGraph, Relation
from kg.ids import Index
from kg.query import TIMELESS
from kg.splitting import Windows
from kg.tables import Tables

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

_PAIR = ("user_id", "item_id")


def updated(graph: KnowledgeGraph, tables: Tables, changed: pa.Table) -> KnowledgeGraph:
    """What `kg.build(tables)` gives, from the graph of what the tables were before.

    changed  the pairs `user_id`, `item_id` whose events are others now (more do no harm; a null is no pair)

    Raises KgError as `kg.build` does.
    """
    import ibis
    import pyarrow as pa
    import pyarrow.compute as pc

    events = tables.events.semi_join(ibis.memtable(changed.select(_PAIR)), _PAIR)
    rows = events.select(*_PAIR, "kind", second=events.time.epoch_seconds(), weight=weights(events)).to_pyarrow()
    checked(rows["weight"].to_numpy())
    old = {name: pa.array(graph.nodes[name].ids.ids, pa.string()) for name in (USER, ITEM)}
    kept = _without(graph, old, changed)
    known = Known.of(tables)
    present = _present(kept, *map(len, old.values()))
    ids = known.ids(
        *(pa.concat_arrays([old[name].filter(pa.array(present[name])), _texts(rows[f"{name}_id"])]) for name in old)
    )
    epoch, now = span(*_first_and_last(kept, graph.epoch, rows["second"]))
    users, items = (_numbers(old[name], ids[name]) for name in (USER, ITEM))
    n_users, n_items = len(ids[USER]), len(ids[ITEM])
    relations = {
        relation: replace(
            edges.renumbered(users, items, n_users),
            time=np.where(edges.time == TIMELESS, TIMELESS, edges.time + (graph.epoch - epoch)).astype(np.int32),
        )
        for relation, edges in kept.items()
    }
    for kind in pc.unique(rows["kind"]).to_pylist():
        own = rows.filter(pc.equal(rows["kind"], kind))
        heads, tails = (_numbers(_texts(own[f"{name}_id"]), ids[name]) for name in (USER, ITEM))
        time = pc.fill_null(pc.subtract(own["second"], epoch), int(TIMELESS)).to_numpy()
        edges = Edges.of(heads, tails, n_users, own["weight"].to_numpy(), time)
        relation = (USER, kind, ITEM)
        relations[relation] = relations[relation].joined(edges, n_items) if relation in relations else edges
    return known.graph(ids, epoch, now, dict(sorted(relations.items())))


def changed_by_window(
    windows: Windows, section: Split, changed: ir.Table, before: tuple[datetime | None, datetime | None]
) -> dict[str, pa.Table]:
    """The pairs whose events changed in each window, for `updated`; without any (and any null) its tables are the same.

    changed  `user_id`, `item_id` and `time` of events that changed in the whole log; ids of the catalogue beside nulls
    before   the starts of validation and test (UTC) that the windows had before the change: a cut that has moved passes
             events from one window to another
    """
    events = windows.all.events
    found = {"all": changed}
    now = {"train": windows.validation_start, "train_validation": windows.test_start}
    for (name, start), earlier in zip(now.items(), before, strict=True):
        found[name] = changed
        if section.by_chance:  # what is drawn depends on all there is to draw from
            found[name] = changed.select(*_PAIR).union(events.select(*_PAIR))
        elif section.method == "leave-last-out":
            found[name] = changed.select(*_PAIR).union(events.semi_join(changed, "user_id").select(*_PAIR))
        elif start is not None and earlier is not None:
            first, last = sorted((start, earlier))
            ours = changed.filter(changed.user_id.isnull() | changed.item_id.isnull() | (changed.time < last))
            passed = events.filter((events.time >= first) & (events.time < last))
            found[name] = ours.select(*_PAIR).union(passed.select(*_PAIR))
    return {name: pairs.select(*_PAIR).distinct().to_pyarrow() for name, pairs in found.items()}


def _without(graph: KnowledgeGraph, old: Mapping[str, pa.Array], pairs: pa.Table) -> dict[Relation, Edges]:
    """The relations of events, without the edges of some pairs; those that are left with none are left out."""
    users, items = (_numbers(_texts(pairs[f"{name}_id"]), ids) for name, ids in old.items())
    width = len(old[ITEM])
    both = (users >= 0) & (items >= 0)
    codes = users[both] * width + items[both]
    events = [name for name in graph.event_relations if not graph.relations[name].provenance.any()]  # 0: the log
    kept = {relation: graph.relations[relation].without(codes, width) for relation in events}
    return {relation: edges for relation, edges in kept.items() if len(edges)}


def _present(relations: Mapping[Relation, Edges], n_users: int, n_items: int) -> dict[str, NDArray[np.bool_]]:
    """Which users and items have an edge."""
    users, items = np.zeros(n_users, dtype=bool), np.zeros(n_items, dtype=bool)
    for edges in relations.values():
        users |= np.diff(edges.indptr) > 0
        items |= np.bincount(edges.indices, minlength=n_items) > 0
    return {USER: users, ITEM: items}


def _first_and_last(
    relations: Mapping[Relation, Edges], epoch: int, seconds: pa.ChunkedArray
) -> tuple[int | None, int | None]:
    """Unix seconds of the first and the last event of relations that count from `epoch`, and of others."""
    import pyarrow.compute as pc

    found = [value for value in pc.min_max(seconds).as_py().values() if value is not None]
    for edges in relations.values():
        timed = edges.time[edges.time != TIMELESS]
        found += [epoch + int(timed.min()), epoch + int(timed.max())] if len(timed) else []
    return min(found, default=None), max(found, default=None)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    import pyarrow as pa

    return column.combine_chunks().cast(pa.string())


def _numbers(texts: pa.Array, ids: pa.Array) -> Index:
    """Where texts stand among ids, int64; −1 where they do not."""
    import pyarrow.compute as pc

    return pc.fill_null(pc.index_in(texts, value_set=ids), -1).to_numpy(zero_copy_only=False).astype(np.int64)
