"""Columns of summands say what their single ones say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys.explanation.telling import strongest
from recsys.summands import Contribution, Contributions, Event, Path


@st.composite
def contributions(draw: st.DrawFn) -> list[Contribution]:
    """Of a few scorers, kinds, events and paths, some of them the same; every event's path begins at its node."""
    parts = []
    for _ in range(draw(st.integers(0, 12))):
        position = draw(st.integers(0, 5))
        event = Event(position, position % 3, draw(st.sampled_from(["view", "purchase"])), 10 * position)
        value, scorer = draw(st.sampled_from([-1.5, 0.25, 2.0])), draw(st.sampled_from(["walks", "ease"]))
        match draw(st.sampled_from(["path", "long path", "link", "latent", "constant"])):
            case "path":
                path = Path((event.node, -1, 9), ("rev_purchase", "purchase"), 4)
                parts.append(Contribution(value, "path", scorer, event, path))
            case "long path":
                path = Path((event.node, draw(st.integers(5, 6)), 9), ("brand", "rev_brand"))
                parts.append(Contribution(value, "path", scorer, event, path))
            case "link":
                parts.append(Contribution(value, "link", scorer, event))
            case "latent":
                parts.append(Contribution(value, "link", scorer))
            case _:
                parts.append(Contribution(value, "constant", scorer, path=Path((9,))))
    return parts


def sorted_of(parts: list[Contribution]) -> list[str]:
    return sorted(map(repr, parts))


@given(contributions())
@settings(max_examples=60, deadline=None)
def test_they_come_back_one_by_one(parts: list[Contribution]) -> None:
    columns = Contributions(parts)
    assert sorted_of(list(columns)) == sorted_of(parts)
    assert len(columns) == len(parts)
    assert sorted_of(list(Contributions(columns.blocks))) == sorted_of(parts)
    assert list(columns[1:3]) == list(columns)[1:3]


@given(contributions())
@settings(max_examples=60, deadline=None)
def test_sums_are_those_of_single_ones(parts: list[Contribution]) -> None:
    columns = Contributions(parts)
    assert columns.total == pytest.approx(sum(part.value for part in parts))
    assert columns.size() == pytest.approx(sum(abs(part.value) for part in parts))
    assert columns.size("path") == pytest.approx(sum(abs(part.value) for part in parts if part.kind == "path"))
    twice = Contributions(block.scaled(2) for block in columns.blocks)
    assert twice.total == pytest.approx(2 * columns.total)
    for block in columns.blocks:
        for way, value in enumerate(block.of_ways.tolist()):
            going = list(block.some(block.going(way)))
            assert len({(part.path, part.event and part.event.node) for part in going}) == 1
            assert value == pytest.approx(sum(part.value for part in going))


def test_the_strongest_are_found_without_sorting_all() -> None:
    sizes = np.random.default_rng(0).integers(0, 20, 50).astype(float)
    whole = strongest(sizes, None)
    assert whole == np.argsort(-sizes, kind="stable").tolist()
    for n in (0, 1, 7, 50, 80):
        assert strongest(sizes, n) == whole[:n]
