from __future__ import annotations

import gc
from pathlib import Path

import pytest

from kg.config import KgConfig
from kg.engine import Engine
from kg.reading import ingest


def log(folder: Path, rows: int) -> Path:
    path = folder / "log.csv"
    path.write_text("user_id,item_id\n" + "".join(f"user-number-{n},item-number-{n * 7}\n" for n in range(rows)))
    return path


def test_too_little_memory_is_a_memory_error(tmp_path: Path) -> None:
    with pytest.raises(MemoryError):
        ingest(KgConfig(), log(tmp_path, 10), Engine(threads=1, memory_limit="1MB"))


def test_what_does_not_fit_is_spilled_and_goes_with_the_last_table(tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    spill.mkdir()
    path = log(tmp_path, 200_000)
    tables, report = ingest(KgConfig(), path, Engine(threads=1, memory_limit="20MB", folder=spill))
    assert report.rows_read == 200_000
    assert list(spill.iterdir())
    assert tables.events.count().execute() == 200_000
    del tables
    gc.collect()
    assert not list(spill.iterdir())


def test_the_same_rows_in_the_same_order_whatever_the_threads(tmp_path: Path) -> None:
    path = log(tmp_path, 200_000)
    config = KgConfig.model_validate({"clean": [{"name": "most", "where": "hash(item_id) % 3 > 0"}]})
    for threads in (1, 3):
        ingest(config, path, Engine(threads=threads))[0].save(tmp_path / str(threads))
    one, three = ((tmp_path / threads / "events.parquet").read_bytes() for threads in ("1", "3"))
    assert one == three


def test_nothing_is_drawn_into_results() -> None:
    assert Engine().sql.execute("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
