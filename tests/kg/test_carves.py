"""Validation windows beside the split's own: each before the test, none empty."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from kg.carves import Carve, before, carves
from kg.config import Split
from kg.splitting import split


def log(n: int = 300, **columns: Any) -> kg.Tables:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "user_id": [f"u{user}" for user in rng.integers(0, 8, n)],
            "item_id": [f"i{item}" for item in rng.integers(0, 20, n)],
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.permutation(n), "h"),
        }
    ).astype({"time": "datetime64[us]"})
    return kg.Tables.of(events=frame.assign(**columns))


def rows(events: Any) -> set[tuple[str, str, Any]]:
    frame = events.select("user_id", "item_id", "time").to_pandas()
    return set(frame.itertuples(index=False, name=None))


def found(tables: kg.Tables, section: Split, n: int) -> tuple[list[Carve], set[tuple[str, str, Any]]]:
    windows = split(tables, section)
    return list(islice(carves(windows, section, ("purchase",)), n)), rows(windows.test)


def test_by_time_the_windows_lie_one_before_the_other() -> None:
    section = Split(method="time", share_of="span", validation_share=0.2, test_share=0.2)
    cut, test = found(log(), section, 9)
    assert len(cut) == 3, "the fourth would leave nothing before it"
    starts = [carve.start for carve in cut]
    assert starts == sorted(starts, reverse=True)
    asked = [rows(carve.asked) for carve in cut]
    for place, carve in enumerate(cut):
        assert asked[place]
        assert rows(carve.known.events)
        assert not asked[place] & test
        assert max(time for *_, time in rows(carve.known.events)) < min(time for *_, time in asked[place])
        assert not any(asked[place] & other for other in asked[:place])


def test_leave_last_out_goes_one_event_back_each_time() -> None:
    cut, test = found(log(), Split(method="leave-last-out"), 3)
    kept = rows(log().events)
    for user in {user for user, *_ in kept}:
        own = sorted((time for other, _, time in kept if other == user), reverse=True)
        for place, carve in enumerate(cut, start=1):
            assert [time for other, _, time in rows(carve.asked) if other == user] == [own[place]]
    assert not any(rows(carve.asked) & test for carve in cut)


def test_a_given_split_is_drawn_anew() -> None:
    parts = np.array(["train"] * 200 + ["validation"] * 50 + ["test"] * 50)
    cut, test = found(log(part=parts), Split(method="given"), 3)
    asked = [rows(carve.asked) for carve in cut]
    assert asked[1] != asked[2]
    for carve, own in zip(cut[1:], asked[1:], strict=True):
        assert own
        assert not own & rows(carve.known.events)
        assert not (own | rows(carve.known.events)) & test


def test_a_short_log_has_the_one_window() -> None:
    section = Split(method="time", share_of="span", validation_share=0.45, test_share=0.1)
    assert len(found(log(40), section, 3)[0]) == 1


@pytest.mark.parametrize("kind", ["view", "cart"])
def test_a_window_without_anything_to_recommend_is_none(kind: str) -> None:
    kinds = np.where(np.arange(300) % 2, "purchase", kind)
    tables = log(kind=kinds)
    early = tables.events.time < pd.Timestamp("2024-01-07").to_pydatetime()
    tables = tables.with_events(tables.events.filter(~(early & (tables.events.kind == "purchase"))))
    section = Split(method="time", share_of="span", validation_share=0.2, test_share=0.2)
    assert len(found(tables, section, 9)[0]) == 2


def test_before_validation_is_the_second_of_them() -> None:
    for section in (
        Split(method="time", share_of="span", validation_share=0.2, test_share=0.2),
        Split(method="leave-last-out"),
    ):
        cut, _ = found(log(), section, 2)
        one = before(split(log(), section), section, ("purchase",))
        assert one is not None
        assert (rows(one.asked), rows(one.known.events)) == (rows(cut[1].asked), rows(cut[1].known.events))


def test_before_validation_there_may_be_nothing() -> None:
    short = Split(method="time", share_of="span", validation_share=0.45, test_share=0.4)
    assert before(split(log(), short), short, ("purchase",)) is None
    given = Split(method="given")
    tables = log(part=np.array(["train"] * 200 + ["validation"] * 50 + ["test"] * 50))
    assert before(split(tables, given), given, ("purchase",)) is None, "parts that are given have no order"
