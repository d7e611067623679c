from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Weighting
from recsys import store
from recsys.errors import RecsysError
from recsys.scorers import SCORERS, create
from recsys.types import Explains, Scorer

FAST = {name: {"n_epochs": 1} for name in ("lightgcn", "hetero_gnn", "sasrec")}


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    rng = np.random.default_rng(0)
    events = pd.DataFrame(
        {
            "user_id": rng.choice(list("abcdefgh"), 60),
            "item_id": rng.choice(list("tuvwxyz"), 60),
            "time": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 60 * 86400, 60), "s"),
        }
    ).astype({"time": "datetime64[us]"})
    facts = pd.DataFrame(
        {
            "head": list("tuvwxyz"),
            "relation": "brand",
            "tail": list("1122334"),
            "head_type": "item",
            "tail_type": "brand",
        }
    )
    return kg.build(kg.Tables.of(events=events, facts=facts))


@pytest.mark.parametrize("kind", list(SCORERS))
def test_what_is_loaded_scores_and_explains_as_before(kind: str, graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    scorer = create(kind, **FAST.get(kind, {})).fit(graph)
    store.save(scorer, tmp_path / kind, graph.hash)
    loaded = store.load(tmp_path / kind, graph.hash)
    assert loaded == scorer
    query = graph.query()
    np.testing.assert_array_equal(loaded.score(query), scorer.score(query))
    if isinstance(scorer, Explains):
        assert isinstance(loaded, Explains)
        assert loaded.explain(query, 0, 1) == scorer.explain(query, 0, 1)


@pytest.fixture
def stored(graph: kg.KnowledgeGraph, tmp_path: Path) -> Path:
    scorer: Scorer = create("item_knn", weighting=Weighting({"view": 0.5}, half_life=3)).fit(graph)
    store.save(scorer, tmp_path / "knn", graph.hash)
    return tmp_path / "knn"


def test_parameters_come_back(stored: Path, graph: kg.KnowledgeGraph) -> None:
    assert store.load(stored, graph.hash) == create("item_knn", weighting=Weighting({"view": 0.5}, half_life=3))


def test_another_graph_is_refused(stored: Path) -> None:
    with pytest.raises(RecsysError, match="was fitted on graph") as caught:
        store.load(stored, "another")
    assert "Fit it again" in caught.value.fix


@pytest.mark.parametrize("place", ["state.safetensors", "scorer.json"])
def test_every_flipped_byte_is_found(stored: Path, graph: kg.KnowledgeGraph, place: str) -> None:
    path = stored / place
    whole = path.read_bytes()
    for at in range(0, len(whole), max(1, len(whole) // 50)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(RecsysError) as caught:
            store.load(stored, graph.hash)
        assert caught.value.file == path


def test_a_missing_file_is_named(stored: Path, graph: kg.KnowledgeGraph) -> None:
    (stored / "state.safetensors").unlink()
    with pytest.raises(RecsysError, match="missing"):
        store.load(stored, graph.hash)
    with pytest.raises(RecsysError, match="no scorer here"):
        store.load(stored / "elsewhere", graph.hash)


def test_another_version_is_refused(stored: Path, graph: kg.KnowledgeGraph, monkeypatch: Any) -> None:
    monkeypatch.setattr(store, "VERSION", 99)
    with pytest.raises(RecsysError, match="not of version 99"):
        store.load(stored, graph.hash)


def test_the_header_can_be_read_by_people(stored: Path) -> None:
    header = json.loads((stored / "scorer.json").read_text())
    assert header["kind"] == "item_knn"
    assert header["parameters"]["weighting"] == {"kinds": {"view": 0.5}, "half_life": 3.0}


def test_what_cannot_be_stored_says_so(graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    scorer: Any = create("popularity").fit(graph)
    scorer.odd_ = object()
    with pytest.raises(RecsysError, match="'odd_'"):
        store.save(scorer, tmp_path / "odd", graph.hash)
    assert not (tmp_path / "odd").exists()
