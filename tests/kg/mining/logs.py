"""Small random logs of visits, and what makes them tables."""

from __future__ import annotations

import pandas as pd
from hypothesis import strategies as st

from kg.engine import Engine
from kg.tables import Tables

ENGINE = Engine(threads=1)
ITEMS = ("ale", "bun", "cup", "dip")

Row = tuple[str, str, str, str | None, int | None]
rows = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob", "cat"]),
        st.sampled_from(ITEMS),
        st.sampled_from(["purchase", "view", "return"]),
        st.sampled_from(["s1", "s2", None]),
        st.sampled_from([0, 1, 2, 5, None]),
    ),
    max_size=30,
)
"""user, item, kind, session, day since 2024-01-01."""


def tables(log: list[Row]) -> Tables:
    frame = pd.DataFrame(log, columns=["user_id", "item_id", "kind", "session_id", "day"], dtype=object)
    frame["time"] = pd.Timestamp("2024-01-01 12:00") + pd.to_timedelta(frame.pop("day").astype("Float64"), unit="D")
    categories = {"ale": "drink", "bun": "food", "cup": None, "dip": "food"}
    items = pd.DataFrame({"item_id": list(categories), "category": list(categories.values())})
    texts = dict.fromkeys(("user_id", "item_id", "kind", "session_id"), "string")
    return Tables.of(events=frame.astype(texts | {"time": "datetime64[us]"}), items=items, engine=ENGINE)
