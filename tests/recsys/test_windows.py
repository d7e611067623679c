"""Windows to tune on: as large as they need be, and none where the log does not reach so far back."""

from __future__ import annotations

from datetime import datetime

import ibis
import pandas as pd
import pytest

import kg
from kg.carves import Carve, before
from kg.config import Derive, Split
from kg.splitting import split
from recsys import windows
from recsys.errors import RecsysError
from recsys.windows import seconds, window, window_if_any

KINDS = ("purchase",)


def tables(first: str) -> kg.Tables:
    """Six users who buy something else every day from a day to the end of March."""
    days = pd.date_range(first, "2024-03-31", freq="D")
    log = [(f"u{user}", f"i{(number + user) % 40}", day) for number, day in enumerate(days) for user in range(6)]
    events = pd.DataFrame(log, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    return kg.Tables.of(events=events)


SPLIT = Split(validation_start=datetime(2024, 3, 11), test_start=datetime(2024, 3, 21))


def test_the_window_before_ends_where_validation_begins() -> None:
    cut = split(tables("2024-02-01"), SPLIT)
    made = window_if_any(before(cut, SPLIT, KINDS), Derive(), KINDS)
    assert made is not None
    assert set(made.holdout.query.now + made.graph.epoch) == {seconds(datetime(2024, 3, 1))}
    assert made.graph.epoch + made.graph.now < seconds(datetime(2024, 3, 1))
    assert made.holdout.targets.nnz + made.holdout.left_out["pairs_with_unknown_items"] == 6 * 10


@pytest.mark.parametrize("first", ["2024-03-02", "2024-03-01"], ids=["nothing", "nobody known"])
def test_a_short_log_has_no_window_before(first: str) -> None:
    cut = split(tables(first), SPLIT)
    assert window_if_any(before(cut, SPLIT, KINDS), Derive(), KINDS) is None


def test_where_nobody_can_be_asked_there_is_no_window() -> None:
    known = tables("2024-03-25")
    strangers = known.events.mutate(item_id=ibis.literal("unheard of"))
    with pytest.raises(RecsysError, match="no event of the window"):
        window(Carve(known, strangers), Derive(), KINDS)
    assert window_if_any(Carve(known, strangers), Derive(), KINDS) is None
    assert window_if_any(Carve(known, known.events, datetime(2024, 4, 1)), Derive(), KINDS) is None, (
        "nothing is new to anybody"
    )


def test_a_window_is_thinned_to_a_number_of_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = split(tables("2024-02-01"), SPLIT)
    made = window(Carve(cut.train, cut.validation, cut.validation_start), Derive(), KINDS)
    assert made.scores == 6 * 40
    assert made.thinned(4 * 40).scores == 6 * 40, "too few users to be fewer"
    monkeypatch.setattr(windows, "FEWEST", 2)
    assert made.thinned(4 * 40).scores == 4 * 40
    assert made.thinned(0).scores == 2 * 40
    assert made.thinned(4 * 40).graph is made.graph
