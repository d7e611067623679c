"""Identifiers: one spelling, check digits, no guess where two nodes have one."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.linking.identifiers import by_identifier, kind_of, normalised


@pytest.mark.parametrize(
    ("name", "kind"), [("GTIN-13", "gtin"), ("isbn", "gtin"), ("sameAs", "same as"), ("MPN", "mpn"), ("color", None)]
)
def test_what_a_column_holds(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        ("gtin", "4006381333931", "04006381333931"),
        ("gtin", "978-0-306-40615-7", "09780306406157"),
        ("gtin", "0-306-40615-2", "09780306406157"),  # the same book, of before 2007
        ("gtin", "0-306-40615-3", None),
        ("gtin", "4006381333932", None),
        ("gtin", "0", None),
        ("gtin", "unknown", None),
        ("gtin", "", None),
        ("asin", "b000fa64pk", "B000FA64PK"),
        ("mpn", "AB-12/x", "AB12X"),
        ("mpn", "n/a", None),
        ("same as", " http://x.example/A ", "http://x.example/A"),
    ],
)
def test_one_spelling(kind: str, text: str, found: str | None) -> None:
    assert normalised(kind, text) == found


@given(st.text(max_size=20))
def test_any_text_is_one_or_none(text: str) -> None:
    for kind in ("gtin", "asin", "mpn", "same as"):
        found = normalised(kind, text)
        assert found is None or found == normalised(kind, found)


def test_only_what_is_of_one_node_links() -> None:
    items = pd.DataFrame(
        [
            ("a", "ean", "4006381333931"),
            ("b", "mpn", "X1-00"),
            ("c", "uri", "n1"),
            ("c", "mpn", "Z900"),
            ("d", "color", "X100"),
        ],
        columns=["item_id", "name", "value"],
    )
    nodes = pd.DataFrame(
        [
            ("n1", "gtin13", "4006381333931"),
            ("n1", "mpn", "X100"),
            ("n2", "mpn", "X-100"),
            ("n2", "mpn", "Z900"),
            ("n1", "same_as", "n1"),
        ],
        columns=["node", "name", "value"],
    )
    # two nodes have the number of b; c is two nodes at once
    assert by_identifier(items, nodes) == {"a": ("n1", "gtin")}
