"""Sorting, turning round and slicing edges, against slow twins."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kg.edges import Edges
from kg.query import TIMELESS

N_SOURCES, N_TARGETS = 4, 5
rows = st.lists(
    st.tuples(
        st.integers(0, N_SOURCES - 1),
        st.integers(0, N_TARGETS - 1),
        st.sampled_from([3, 9, int(TIMELESS)]),
        st.sampled_from([0.5, 1.0]),
        st.integers(0, 2),
    ),
    max_size=25,
)
Rows = list[tuple[int, int, int, float, int]]


def edges(found: Rows) -> Edges:
    return Edges.of_rows(found, N_SOURCES)


def as_rows(found: Edges) -> Rows:
    columns = (found.sources, found.indices, found.time, found.weight, found.provenance)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@given(rows)
def test_edges_are_the_sorted_rows(found: Rows) -> None:
    assert as_rows(edges(found)) == sorted(found)


@given(rows)
def test_the_reverse_is_sorted_by_target_then_source(found: Rows) -> None:
    forward = edges(found)
    indptr, sources, positions = forward.reverse
    targets = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    assert list(zip(targets.tolist(), sources.tolist(), strict=True)) == sorted((row[1], row[0]) for row in found)
    assert forward.indices[positions].tolist() == targets.tolist()
    assert forward.sources[positions].tolist() == sources.tolist()


@given(rows, st.lists(st.tuples(st.integers(-1, N_SOURCES - 1), st.integers(0, 12)), max_size=6))
def test_what_leaves_a_source_before_a_moment(found: Rows, asked: list[tuple[int, int]]) -> None:
    forward = edges(found)
    sources, moments = np.array(asked, dtype=np.int64).reshape(-1, 2).T
    row, position = forward.leaving(sources, moments)
    wanted = [
        (row, place)
        for row, (source, moment) in enumerate(asked)
        for place, edge in enumerate(as_rows(forward))
        if edge[0] == source and (edge[2] == TIMELESS or edge[2] < moment)
    ]
    assert list(zip(row.tolist(), position.tolist(), strict=True)) == wanted
