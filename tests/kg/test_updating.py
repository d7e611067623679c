"""New files on top of old ones give what reading all of them at once gives: tables, report and every graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.adding import add, paths
from kg.building import build
from kg.config import Derive, KgConfig, Split
from kg.engine import Engine
from kg.reading import IngestReport, ingest
from kg.splitting import Windows, by_time, leave_last_out
from kg.steps.derive import derive
from kg.tables import Tables
from kg.updating import changed_by_window, updated
from tests.kg.graphs import assert_equal

ENGINE = Engine(threads=1)
START = datetime(2024, 3, 1)
COLUMNS = ["user_id", "item_id", "event", "time", "quantity", "price"]
CONFIG = {
    "events": {
        "columns": {name: name for name in COLUMNS if name != "event"} | {"kind": "event"},
        "max_rejects": 1,
    },
    "items": {"max_rejects": 1},
    "clean": [
        {"name": "repeats"},
        {"name": "busy", "where": "user_id IN (SELECT user_id FROM raw_events GROUP BY 1 HAVING count(*) > 9)"},
        {"name": "back", "where": "quantity < 0", "action": "return"},
        {"name": "alone", "where": "kind = 'view' AND item_id IN (SELECT item_id FROM raw_events GROUP BY 1 "
                                   "HAVING count(*) = 1)"},
        {"name": "gone", "where": "item_id IN (SELECT item_id FROM raw_items WHERE brand = 'gone')"},
    ],
}  # fmt: skip
EVENT = st.tuples(
    st.sampled_from(["ann", "bob", "cem", "dan", "", 'ümit, "x"']),
    st.sampled_from(["mug", "pot", "pan", "cup"]),
    st.sampled_from(["purchase", "view", "purchase"]),
    st.sampled_from([None, *range(12)]),
    st.sampled_from([1, 2, -1, "many"]),
    st.sampled_from([1.5, 4, ""]),
)
ITEM = st.tuples(
    st.sampled_from(["mug", "pot", "pan", "new"]),
    st.sampled_from(["red heart mug", "blue heart pan", "tea"]),
    st.sampled_from(["ours", "theirs", "gone", ""]),
)
PART = st.tuples(st.lists(EVENT, min_size=1, max_size=14), st.lists(ITEM, max_size=3))


@dataclass(frozen=True)
class State:
    """What is known of a shop after some of its files."""

    config: KgConfig
    tables: Tables
    report: IngestReport
    raw: Path


def write(folder: Path, number: int, events: Sequence[Any], items: Sequence[Any]) -> dict[str, list[Path]]:
    """Files of one part, by table; every other log is JSON lines, without what is not said."""
    rows = [(*row[:3], "" if row[3] is None else START + timedelta(days=row[3]), *row[4:]) for row in events]
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(str)
    log = folder / f"log{number}.{'jsonl' if number % 2 else 'csv'}"
    if number % 2:
        frame.replace("", None).to_json(log, orient="records", lines=True)
    else:
        frame.to_csv(log, index=False)
    files = {"events": [log]}
    if items:
        files["items"] = [folder / f"items{number}.csv"]
        pd.DataFrame(items, columns=["item_id", "title", "brand"]).to_csv(files["items"][0], index=False)
    return files


def reading(files: Mapping[str, Sequence[Path]], config: KgConfig) -> KgConfig:
    sections = {table: getattr(config, table).model_copy(update={"path": paths(own)}) for table, own in files.items()}
    return config.model_copy(update=sections)


def at_once(files: Mapping[str, Sequence[Path]], raw: Path) -> State:
    config = reading(files, KgConfig.model_validate(CONFIG))
    return State(config, *ingest(config, engine=ENGINE, raw=raw), raw)


@settings(max_examples=6, deadline=None)
@given(parts=st.lists(PART, min_size=2, max_size=3), again=st.integers(0, 5))
def test_files_one_after_the_other_are_as_all_at_once(parts: list[Any], again: int) -> None:
    """Rows in any order, some in two files; new users and items, changed ones; rules that look at everything."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (first, items), *later = parts
        parts = [
            (first, [("cup", "cup", "ours"), *items]),
            *((events + first[:again], items) for events, items in later),
        ]
        own = ((*part[0], (f"user {place}", "mug", "view", place, 1, 4)) for place, part in enumerate(parts))
        written = [write(folder, place, events, parts[place][1]) for place, events in enumerate(own)]
        known = at_once(written[0], folder / "raw0")
        held = written[0]
        for place, files in enumerate(written[1:], 1):
            held = {"events": held["events"] + files["events"], "items": files.get("items", []) + held["items"]}
            whole = at_once(held, folder / f"whole{place}")
            before = events_of(known.tables)
            found = add(whole.config, files, known.tables, known.raw, folder / f"raw{place}")
            assert_tables_equal(found.tables, whole.tables)
            assert replace(found.report, rejects=()) == replace(whole.report, rejects=())
            came_or_went = Counter(events_of(found.tables))
            came_or_went.subtract(before)
            told = set(found.changed.execute()[["user_id", "item_id"]].itertuples(index=False, name=None))
            assert {event[:2] for event, n in came_or_went.items() if n} <= told
            known = State(whole.config, found.tables, found.report, folder / f"raw{place}")


def events_of(tables: Tables) -> list[tuple[Any, ...]]:
    frame = tables.events.execute()
    told = frame[["user_id", "item_id", "kind", "time", "quantity"]].astype(str).fillna("")
    return list(told.itertuples(index=False, name=None))


DONE = st.tuples(
    st.sampled_from(["ann", "bob", "cem", "dan"]),
    st.sampled_from(["mug", "pot", "pan", "cup"]),
    st.sampled_from(["purchase", "view", "return"]),
    st.sampled_from([None, *range(12)]),
    st.sampled_from([1.0, 2.0, 3.0]),
)
DAYS = st.integers(0, 13)


@settings(max_examples=6, deadline=None)
@given(
    old=st.lists(DONE, max_size=20),
    new=st.lists(DONE, max_size=12),
    gone=st.sets(st.integers(0, 19), max_size=3),
    cuts=st.none() | st.tuples(DAYS, DAYS),
)
def test_an_updated_graph_is_the_one_that_is_built(
    old: list[Any], new: list[Any], gone: set[int], cuts: tuple[int, int] | None
) -> None:
    """Events that come and go, a cut that moves, users' last events that are others; nets of returns with them."""
    left = [event for place, event in enumerate(old) if place not in gone]
    came_or_went = [*new, *(event for place, event in enumerate(old) if place in gone)]
    same_items = len(old) % 2 == len(left + new) % 2
    changed = frame_of([*came_or_went, *([] if same_items else [(None, "mug", None, None, 1.0)])])
    before, now = (cut_at(done, cuts and cuts[place]) for place, done in enumerate((old, left + new)))
    split = Split(method="time" if cuts else "leave-last-out")
    touched = changed_by_window(now, split, ibis.memtable(changed), (before.validation_start, before.test_start))
    graph = build(derive(before.train, NETS))
    window = derive(now.train, NETS)
    wanted = build(window)
    assert_equal(updated(graph, window, touched["train"]) if len(touched["train"]) else graph, wanted)


NETS = Derive(price_bands=0)


def cut_at(done: Sequence[Any], day: int | None) -> Windows:
    """Windows of a log: everything before a day (None: but users' last events) is train."""
    items = pd.DataFrame({"item_id": ["mug", "new"], "brand": ["ours", "ours"] if len(done) % 2 else ["theirs", None]})
    tables = Tables.of(events=frame_of(done), items=items, engine=ENGINE)
    if day is None:
        return leave_last_out(tables, ["purchase"])
    return by_time(tables, START + timedelta(days=day), START + timedelta(days=20))


def frame_of(done: Sequence[Any]) -> pd.DataFrame:
    rows = [(*event[:3], None if event[3] is None else START + timedelta(days=event[3]), event[4]) for event in done]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "kind", "time", "quantity"])
    texts = dict.fromkeys(("user_id", "item_id", "kind"), "string")
    return frame.astype({**texts, "time": "datetime64[us]", "quantity": float})


def assert_tables_equal(found: Tables, wanted: Tables) -> None:
    for table in ("events", "items", "users", "facts"):
        ours, theirs = (getattr(tables, table).execute() for tables in (found, wanted))
        columns = sorted(theirs.columns)
        assert sorted(ours.columns) == columns
        ours, theirs = (frame[columns].sort_values(columns, ignore_index=True) for frame in (ours, theirs))
        pd.testing.assert_frame_equal(ours, theirs)
