"""Rules as facts of a window, which know nothing of what comes after it."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

import kg
from kg.config import Derive
from kg.splitting import by_time
from kg.steps.derive import derive
from kg.steps.popularity_bands import popularity_bands
from kg.steps.relations import relations
from kg.tables import Tables

EVERY = Derive(
    relations=("bought_together", "then_bought", "viewed_together", "substitute"), popularity_bands=3, price_bands=0
)
CUT = datetime(2024, 4, 1)


def log() -> pd.DataFrame:
    """Half of the people take a camera, and some days later a card with its case; all look at the cases."""
    rng = np.random.default_rng(5)
    rows: list[tuple[Any, ...]] = []
    for user in range(200):
        day = int(rng.integers(0, 150))
        if user % 2:
            rows.append((f"u{user}", "camera", "purchase", f"a{user}", day))
            later = day + int(rng.integers(1, 12))
            rows += [(f"u{user}", item, "purchase", f"b{user}", later) for item in ("card", "case 1")]
        rows.append((f"u{user}", f"other {rng.integers(15)}", "purchase", f"c{user}", int(rng.integers(0, 150))))
        looked = ("case 1", "case 2") if user % 3 == 0 else (f"other {rng.integers(15)}",)
        rows += [(f"u{user}", item, "view", f"d{user}", day) for item in looked]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "kind", "session_id", "day"])
    return frame.assign(time=pd.Timestamp("2024-01-01") + pd.to_timedelta(frame.pop("day"), unit="D"))


def items() -> pd.DataFrame:
    return pd.DataFrame({"item_id": ["case 1", "case 2", "camera"], "category": ["cases", "cases", "cameras"]})


def train(events: pd.DataFrame) -> Tables:
    return by_time(Tables.of(events=events, items=items()), CUT, datetime(2024, 5, 1)).train


def test_every_kind_is_found_with_its_source_and_time() -> None:
    facts = relations(train(log()), EVERY).facts.execute().set_index(["head", "relation", "tail"])
    assert {
        ("card", "bought_together", "case 1"), ("camera", "then_bought", "card"),
        ("case 2", "viewed_together", "case 1"), ("case 1", "substitute", "case 2"),
    } <= {*facts.index}  # fmt: skip
    fact = facts.loc[("card", "bought_together", "case 1")]
    assert fact["confidence"] == 1
    assert fact["provenance"].startswith("rules over baskets, 2024-01-01 to 2024-03-")
    assert fact["time"] < CUT
    assert (facts["head_type"] == "item").all()
    assert (facts["tail_type"] == "item").all()


@pytest.mark.parametrize("kind", EVERY.relations)
def test_each_kind_is_switched_by_itself(kind: Any) -> None:
    facts = relations(train(log()), Derive(relations=(kind,))).facts
    assert facts.select("relation").distinct().execute()["relation"].tolist() == [kind]


@pytest.mark.parametrize("harm", ["deleted", "permuted", "invented"])
def test_what_happens_after_the_cut_changes_nothing(harm: str) -> None:
    events = log()
    late = events["time"] >= CUT
    assert late.sum() > 50
    changed = events.copy()
    match harm:
        case "deleted":
            changed = events[~late]
        case "permuted":
            for column in ("item_id", "user_id", "session_id"):
                changed.loc[late, column] = events.loc[late, column].sample(frac=1, random_state=1).to_numpy()
        case "invented":
            more = pd.concat([events[late].assign(item_id=item) for item in ("other 1", "camera")])
            changed = pd.concat([events, more])
    before, after = (kg.build(derive(train(frame), EVERY)) for frame in (events, changed))
    assert before.hash == after.hash
    assert before.provenances == after.provenances
    assert before.find("then_bought")


def test_a_rule_lies_in_the_graph_with_its_weight_and_time() -> None:
    tables = derive(train(log()), EVERY)
    graph = kg.build(tables)
    edges = graph.relations[graph.find("then_bought")]
    facts = tables.facts.filter(tables.facts.relation == "then_bought").execute()
    assert sorted(edges.weight) == sorted(facts["confidence"].astype(np.float32))
    assert sorted(edges.time + graph.epoch) == sorted(facts["time"].astype("datetime64[s]").astype("int64"))
    assert edges.time.max() < graph.now


def test_tables_that_were_written_before_facts_had_times_can_be_read(tmp_path: Path) -> None:
    tables = train(log())
    tables.save(tmp_path / "new")
    shutil.copytree(tmp_path / "new", tmp_path / "old")
    duckdb.sql(f"FROM '{tmp_path}/new/facts.parquet' SELECT * EXCLUDE (time)").write_parquet(
        f"{tmp_path}/old/facts.parquet"
    )
    hashes = {kg.build(derive(Tables.load(tmp_path / name), EVERY)).hash for name in ("new", "old")}
    assert hashes == {kg.build(derive(tables, EVERY)).hash}


def test_bands_of_popularity_count_users_once_and_no_returns() -> None:
    log = [("u1", "a", "purchase")] * 3 + [("u2", "a", "view"), ("u1", "b", "purchase"), ("u2", "b", "return")]
    tables = Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id", "kind"]))
    facts = popularity_bands(tables, Derive(popularity_bands=2)).facts.execute()
    assert dict(zip(facts["head"], facts["tail"], strict=True)) == {"a": "2 users", "b": "1 users"}
