"""What becomes of frames, and what a notebook shows of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kg

ROWS = {"user_id": ["ann", "bob"], "item_id": ["mug", "pot"]}


@pytest.mark.parametrize("made", [dict, pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.table])
def test_any_frame_is_taken(made: Any) -> None:
    tables = kg.Tables.of(events=made(ROWS))
    assert tables.events.select("user_id", "item_id", "kind").to_pyarrow().to_pydict() == {
        **ROWS,
        "kind": ["purchase", "purchase"],
    }
    assert tables.frames == {pl.DataFrame: "polars", pl.LazyFrame: "polars", pa.table: "pyarrow"}.get(made, "pandas")


@pytest.mark.parametrize("frame", ["log.csv", [("ann", "mug")], {"user_id": ["ann"], "item_id": []}, 3])
def test_what_is_no_frame_is_an_error(frame: Any) -> None:
    with pytest.raises(kg.KgError, match="the events are no frame") as caught:
        kg.Tables.of(events=frame)
    assert "a dict of columns" in caught.value.fix


def test_facts_without_types_say_what_is_missing() -> None:
    facts = {"head": ["mug"], "relation": ["colour"], "tail": ["red"]}
    with pytest.raises(kg.KgError, match="no column 'head_type'") as caught:
        kg.Tables.of(events=ROWS, facts=facts)
    assert "head, relation, tail" in caught.value.fix


def test_tables_are_saved_to_a_path_that_is_a_text(tmp_path: Path) -> None:
    kg.Tables.of(events=ROWS).save(str(tmp_path / "tables"))
    assert kg.Tables.load(str(tmp_path / "tables")).events.count().to_pyarrow().as_py() == 2
    (tmp_path / "tables" / "users.parquet").unlink()
    with pytest.raises(kg.KgError, match="no tables here") as caught:
        kg.Tables.load(tmp_path / "tables")
    assert caught.value.file == tmp_path / "tables" / "users.parquet"


def test_a_notebook_shows_counts() -> None:
    shown = kg.Tables.of(events={**ROWS, "kind": ["view", "<b>"]})._repr_html_()
    assert "<td>events</td><td>2</td>" in shown
    assert "<td>&lt;b&gt;</td><td>1</td>" in shown
