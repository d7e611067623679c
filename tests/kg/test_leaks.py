from __future__ import annotations

from datetime import datetime

import pandas as pd

import kg
from kg.engine import Engine
from kg.leaks import leaks

REVIEW = "It does what it says, and the colour is lovely."
NONE = ""
ENGINE = Engine()


BEFORE = [
    ("ann", "mug", "2024-01-01 10:00", REVIEW),
    ("ann", "pot", "2024-01-02 10:00", "Fine."),
    ("bob", "mug", "2024-01-03 10:00", NONE),
]


def frame_of(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=["user_id", "item_id", "time", "review"])
    return found.assign(time=[datetime.fromisoformat(time) for time in found["time"]])


def test_what_the_test_has_in_common_with_what_lies_before_is_counted() -> None:
    test = [
        ("ann", "mug", "2024-02-01 10:00", "Bought once more, and it is as good as the first."),  # a repeat, no twin
        ("bob", "mug", "2024-01-03 10:59", "The very same event, told twice by the shop's own log."),
        ("ann", "cup", "2024-02-02 10:00", REVIEW),  # a twin product
        ("eve", "cup", "2024-02-02 10:00", REVIEW),  # someone else's
        ("ann", "pan", "2024-02-02 10:00", "Fine."),  # too short to tell
    ]
    found = leaks(
        *(kg.Tables.of(events=frame_of(rows), engine=ENGINE).events for rows in (BEFORE, test)), ("purchase",)
    )
    assert found == {"pairs": 2, "near": 1, "texts": 1}


def test_a_log_without_times_and_texts_has_only_pairs() -> None:
    bare = [frame_of(rows)[["user_id", "item_id"]] for rows in (BEFORE, BEFORE[:1])]
    tables = [kg.Tables.of(events=frame, engine=ENGINE).events for frame in bare]
    assert leaks(*tables, ("purchase",)) == {"pairs": 1, "near": 0, "texts": 0}
    assert leaks(*tables, ("view",)) == {"pairs": 0, "near": 0, "texts": 0}
