"""The split against a slow twin in plain Python, and its errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

import kg
from kg.config import KgConfig, Split
from kg.config_file import checked
from kg.engine import Engine
from kg.errors import KgError
from kg.splitting import given, leave_last_out, split

DAY_ONE = datetime(2024, 3, 1)
ENGINE = Engine()
Row = tuple[str, str, str, datetime]


def tables(rows: list[Row]) -> kg.Tables:
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "kind", "time"])
    return kg.Tables.of(events=frame.astype({"time": "datetime64[us]"}), engine=ENGINE)


def rows(events: ir.Table) -> list[Row]:
    frame = events.select("user_id", "item_id", "kind", "time").to_pyarrow().to_pylist()
    return sorted((row["user_id"], row["item_id"], row["kind"], row["time"]) for row in frame)


def day(n: int) -> datetime:
    return DAY_ONE + timedelta(days=n)


LOG = [("ann", f"item {n}", "purchase", day(n)) for n in range(20)]


def test_an_event_at_a_cut_lies_after_it() -> None:
    windows = split(tables(LOG), Split(validation_start=day(10), test_start=day(15)))
    assert [len(rows(part)) for part in (windows.train.events, windows.validation, windows.test)] == [10, 5, 5]
    assert rows(windows.validation)[0][3] == day(10)
    assert rows(windows.train_validation.events) == sorted(LOG[:15])
    assert rows(windows.all.events) == sorted(LOG)


def test_without_dates_a_tenth_of_the_events_is_test_and_a_tenth_validation() -> None:
    windows = split(tables(LOG), Split())
    assert [len(rows(part)) for part in (windows.train.events, windows.validation, windows.test)] == [16, 2, 2]


def test_a_share_of_the_span_is_not_a_share_of_the_events() -> None:
    busy_end = [*LOG, *[("bob", f"item {n}", "view", day(19)) for n in range(100)]]
    by_span = split(tables(busy_end), Split(share_of="span", test_share=0.5, validation_share=0.25))
    assert by_span.test_start == datetime(2024, 3, 10, 12)  # halfway between day 0 and day 19
    assert len(rows(by_span.test)) == 110


def test_a_date_with_a_zone_is_that_moment_in_utc() -> None:
    noon_in_tokyo = datetime(2024, 3, 16, 9, tzinfo=timezone(timedelta(hours=9)))
    windows = split(tables(LOG), Split(validation_start=datetime(2024, 3, 11, tzinfo=UTC), test_start=noon_in_tokyo))
    assert (windows.validation_start, windows.test_start) == (day(10), day(15))


events = st.tuples(
    st.sampled_from("ab"), st.sampled_from("xyz"), st.sampled_from(["purchase", "view"]), st.integers(0, 4).map(day)
)


@settings(max_examples=25, deadline=None)
@for_all(st.lists(events, min_size=1, max_size=14))
def test_leave_last_out_is_its_slow_twin(log: list[Row]) -> None:
    windows = leave_last_out(tables(log), ["purchase"])
    train, train_validation, validation, test = [], [], [], []
    for user in "ab":
        own = sorted((time, item, kind) for name, item, kind, time in log if name == user)
        bought = [event for event in own if event[2] == "purchase"]
        viewed = [event for event in own if event[2] != "purchase"]
        n = len(bought)
        tested, validated = bought[n - 1 :] if n >= 2 else [], bought[n - 2 : n - 1] if n >= 3 else []
        cut = tested[0][0] if tested else day(99)
        earlier_cut = validated[0][0] if validated else cut
        held = len(tested) + len(validated)
        parts = [
            (train, bought[: n - held] + [event for event in viewed if event[0] < earlier_cut]),
            (train_validation, bought[: n - len(tested)] + [event for event in viewed if event[0] < cut]),
            (validation, validated),
            (test, tested),
        ]
        for window, found in parts:
            window += [(user, item, kind, time) for time, item, kind in found]
    assert rows(windows.train.events) == sorted(train)
    assert rows(windows.train_validation.events) == sorted(train_validation)
    assert rows(windows.validation) == sorted(validation)
    assert rows(windows.test) == sorted(test)


def test_leave_last_out_is_a_method_of_the_config() -> None:
    windows = split(tables(LOG), Split(method="leave-last-out"))
    assert (rows(windows.test), rows(windows.validation)) == ([LOG[19]], [LOG[18]])
    assert windows.test_start is None


def test_given_files_need_no_times() -> None:
    train = kg.Tables.of(events=pd.DataFrame({"user_id": ["a"], "item_id": ["x"]}), engine=ENGINE)
    later = kg.Tables.of(events=pd.DataFrame({"user_id": ["a", "b"], "item_id": ["y", "x"]}), engine=ENGINE)
    windows = given(train, later.events, later.events)
    assert [len(rows(w.events)) for w in (windows.train, windows.train_validation, windows.all)] == [1, 3, 5]


def test_an_event_without_time_is_an_error() -> None:
    timeless = kg.Tables.of(events=pd.DataFrame({"user_id": ["a"], "item_id": ["x"]}), engine=ENGINE)
    with pytest.raises(KgError, match="1 events have no time") as error:
        split(timeless, Split())
    assert error.value.column == "time"


@pytest.mark.parametrize(
    "section",
    [
        Split(validation_start=day(10), test_start=day(50)),
        Split(validation_start=day(15), test_start=day(10)),
        Split(test_start=day(0)),
    ],
)
def test_an_empty_window_is_an_error(section: Split) -> None:
    with pytest.raises(KgError, match="no event") as error:
        split(tables(LOG), section)
    assert error.value.fix


def test_one_user_with_one_purchase_cannot_be_split() -> None:
    with pytest.raises(KgError, match="no event"):
        split(tables(LOG[:1]), Split(method="leave-last-out"))


def test_a_share_outside_0_and_1_is_an_error() -> None:
    with pytest.raises(KgError, match=r"split\.test_share"):
        checked(KgConfig, {"split": {"test_share": 1.5}}, Path("shop.toml"))


def parted(parts: list[str | None]) -> kg.Tables:
    frame = pd.DataFrame([("ann", f"item {n}", part) for n, part in enumerate(parts)])
    return kg.Tables.of(events=frame.set_axis(["user_id", "item_id", "part"], axis=1), engine=ENGINE)


def test_a_log_may_name_its_parts_and_need_no_times() -> None:
    windows = split(parted(["test", "train", "validation", "train"]), Split(method="given"))
    items = [sorted(events.item_id.execute()) for events in (windows.train.events, windows.validation, windows.test)]
    assert items == [["item 1", "item 3"], ["item 2"], ["item 0"]]
    assert windows.all.events.count().execute() == 4
    assert windows.test_start is None


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (["train", "validation", "Test"], "1 events belong to no part"),
        (["train", "validation", None, "test"], "1 events belong to no part"),
        (["train", "test"], "no event in the validation window"),  # one item: none can be spared
    ],
)
def test_a_part_that_is_none_is_told(parts: list[str | None], told: str) -> None:
    with pytest.raises(KgError, match=told):
        split(parted(parts), Split(method="given"))


def test_a_given_split_needs_its_column() -> None:
    with pytest.raises(KgError, match="column part"):
        split(tables(LOG), Split(method="given"))


def test_a_given_split_without_validation_takes_a_share_of_train() -> None:
    windows = [split(parted(["train"] * 10 + ["test"]), Split(method="given", validation_share=0.2)) for _ in range(2)]
    first, again = (sorted(each.validation.item_id.execute()) for each in windows)
    assert len(first) == 2
    assert first == again
    assert windows[0].train.events.count().execute() == 8
