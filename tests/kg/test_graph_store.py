"""What is saved comes back; what was damaged is found and named."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import kg
from kg import graph_store
from kg.errors import KgError
from kg.graph_store import EDGES, FEATURES, MANIFEST, NODES, load, save
from kg.hashing import chunk_hashes
from tests.kg.graphs import assert_equal, graphs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    events = pd.DataFrame({"user_id": ["ann", "bob"], "item_id": ["mug", "mug"], "time": ["2024-03-01", "2024-03-02"]})
    save(kg.build(kg.Tables.of(events=events.astype({"time": "datetime64[us]"}))), tmp_path / "graph")
    return tmp_path / "graph"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs())
def test_a_graph_comes_back_whole(tmp_path: Path, graph: kg.KnowledgeGraph) -> None:
    save(graph, tmp_path / "graph")
    assert_equal(load(tmp_path / "graph"), graph)


def test_edges_are_mapped_not_read(folder: Path) -> None:
    edges = load(folder).relations[("user", "purchase", "item")]
    assert not edges.indices.flags.owndata
    assert not edges.indices.flags.writeable


@pytest.mark.parametrize("name", [MANIFEST, NODES, EDGES, FEATURES])
def test_any_flipped_byte_is_found(folder: Path, name: str) -> None:
    right = (folder / name).read_bytes()
    for place in np.random.default_rng(0).choice(len(right), 20):
        wrong = bytearray(right)
        wrong[place] ^= 1
        (folder / name).write_bytes(wrong)
        if name == MANIFEST and _says_the_same(wrong, right):
            continue
        with pytest.raises(KgError) as error:
            touch(load(folder))
        assert error.value.file == folder / name
        assert error.value.fix


def touch(graph: kg.KnowledgeGraph) -> int:
    """Read all edges."""
    return graph.nbytes


def test_a_graph_opens_though_an_edge_is_damaged_and_its_column_does_not(folder: Path) -> None:
    content = bytearray((folder / EDGES).read_bytes())
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    first, _ = header["0.weight"]["data_offsets"]
    content[8 + int.from_bytes(content[:8], "little") + first] ^= 1
    (folder / EDGES).write_bytes(content)
    graph = load(folder)
    edges = graph.relations[("user", "purchase", "item")]
    assert len(edges) == 2
    assert edges.sources.tolist() == [0, 1]
    for _ in range(2):
        with pytest.raises(KgError, match="damaged"):
            edges.weight.sum()
    assert load(folder, verify=False).relations[("user", "purchase", "item")].weight[0] != 1


def test_chunks_are_hashed_as_a_slow_reader_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.hashing._CHUNK", 7)
    content = bytes(range(40))
    wanted = [hashlib.blake2b(content[at : at + 7], digest_size=16).hexdigest() for at in range(0, 40, 7)]
    assert chunk_hashes(memoryview(content)) == wanted
    assert chunk_hashes(memoryview(b"")) == []


def test_a_graph_without_chunks_is_compared_wholly(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    del manifest["chunks"], manifest["check"]
    (folder / MANIFEST).write_text(json.dumps(manifest | {"check": graph_store._check(manifest)}))
    assert_equal(load(folder), load(folder, verify=False))
    content = bytearray((folder / EDGES).read_bytes())
    content[-1] ^= 1
    (folder / EDGES).write_bytes(content)
    with pytest.raises(KgError, match="damaged"):
        load(folder)


def test_the_hash_is_known_without_a_look_at_the_edges(folder: Path) -> None:
    graph = load(folder)
    known = graph.hash
    assert not {*vars(graph.relations[("user", "purchase", "item")])} & {"indptr", "indices", "weight", "time"}
    del vars(graph)["hash"]
    assert graph.hash == known


def _says_the_same(text: bytearray, right: bytes) -> bool:
    """A space turned into another white space damages nothing."""
    try:
        return json.loads(text) == json.loads(right)
    except ValueError:
        return False


def test_another_version_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.graph_store.VERSION", 2)
    with pytest.raises(KgError, match="version 2") as error:
        load(folder)
    assert error.value.value == 1


@pytest.mark.parametrize("name", [MANIFEST, NODES, EDGES, FEATURES])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(KgError) as error:
        load(folder)
    assert error.value.file == folder / name


def test_saving_replaces_what_was_there(folder: Path) -> None:
    (folder / "stray").write_text("old")
    graph = load(folder)
    save(graph, folder)
    assert sorted(file.name for file in folder.iterdir()) == sorted([MANIFEST, NODES, EDGES, FEATURES])
    assert_equal(load(folder), graph)
