"""Tables of nodes and edges: what is written says all, and comes back."""

from __future__ import annotations

import io
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from kg.errors import KgError
from kg.exchange import from_parquet, to_parquet
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.graphml import graphml
from tests.kg.graphs import assert_equal, graphs

ODD = ('a "b"\n=1/../é😀', "../../etc/passwd", "مرحبا\u202eabc", " two\r\nlines\t", "<![CDATA[&amp;]]>", "'=1+1")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(graphs())
def test_parquet_tables_hold_everything(tmp_path: Path, graph: KnowledgeGraph) -> None:
    to_parquet(graph, tmp_path)
    assert_equal(from_parquet(tmp_path), graph)


@pytest.fixture
def odd() -> KnowledgeGraph:
    ids = sorted(ODD)
    nodes = numbered({"user": (ids, ids), "item": (ids, ids[::-1])})
    rows = [(n, n, 5, 1.0, 0) for n in range(len(ids))]
    return KnowledgeGraph(nodes, {("user", "purchase", "item"): Edges.of_rows(rows, len(ids))}, 1_700_000_000, 9)


def test_strange_ids_are_kept_literally(odd: KnowledgeGraph, tmp_path: Path) -> None:
    told = nx.read_graphml(io.BytesIO("".join(graphml(odd)).encode()))
    assert [about["id"] for _, about in told.nodes(data=True)] == sorted(ODD) * 2
    to_parquet(odd, tmp_path / "tables")
    edges = pd.read_parquet(tmp_path / "tables" / "edges.parquet")
    assert edges["source"].tolist() == edges["target"].tolist() == sorted(ODD)
    assert edges["time"].tolist() == [1_700_000_005] * len(ODD)
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {"nodes.parquet", "edges.parquet"}


def test_other_tables_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="no node and edge tables"):
        from_parquet(tmp_path)
    for name in ("nodes.parquet", "edges.parquet"):
        pd.DataFrame({"id": ["a"]}).to_parquet(tmp_path / name)
    with pytest.raises(KgError, match="no node and edge tables") as error:
        from_parquet(tmp_path)
    assert error.value.file == tmp_path
