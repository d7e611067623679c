"""The k largest of every row against each row sorted by itself."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys.scorers.nearest import largest

ROWS = st.lists(st.lists(st.integers(-2, 3), max_size=8), min_size=1, max_size=6)


@given(rows=ROWS, k=st.integers(1, 9))
def test_the_largest_of_a_row_above_zero_are_kept_and_of_equal_ones_the_first(rows: list[list[int]], k: int) -> None:
    indptr = np.cumsum([0, *map(len, rows)])
    values = np.array([value for row in rows for value in row], dtype=np.float32)
    expected = np.zeros(len(values), dtype=bool)
    for start, row in zip(indptr, rows, strict=False):
        best = sorted(range(len(row)), key=lambda place: (-row[place], place))[:k]
        expected[[start + place for place in best if row[place] > 0]] = True
    np.testing.assert_array_equal(largest(values, indptr, k), expected)
