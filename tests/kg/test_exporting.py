"""Files for other programs, read by those programs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import networkx as nx
import numpy as np
import pytest
import rdflib
from hypothesis import given, settings

from kg.errors import KgError
from kg.exchange import from_rdf, to_networkx, to_rdf
from kg.exporting import write
from kg.graph import Edges, KnowledgeGraph, numbered
from tests.kg.graphs import graphs


@settings(deadline=None, max_examples=15)
@given(graphs())
def test_rdf_files_hold_what_rdf_holds(graph: KnowledgeGraph) -> None:
    with TemporaryDirectory() as folder:
        for ending, form in (("ttl", "turtle"), ("nt", "nt")):
            path = Path(folder) / f"graph.{ending}"
            write(graph, path)
            assert from_rdf(rdflib.Graph().parse(path, format=form)).hash == from_rdf(to_rdf(graph)).hash
        assert sorted(file.name for file in Path(folder).iterdir()) == ["graph.nt", "graph.ttl"]


def test_a_name_with_a_last_dot_is_read_from_turtle(tmp_path: Path) -> None:
    graph = KnowledgeGraph(numbered({"user": ([], []), "item": (["Ltd."], ["Ltd."])}), {}, 0, 0)
    write(graph, tmp_path / "graph.ttl")
    assert from_rdf(rdflib.Graph().parse(tmp_path / "graph.ttl")).id(0) == "Ltd."


def test_graphml_is_read_by_networkx(tmp_path: Path) -> None:
    parts = {
        "user": (["ann"], ["Ann & <Co>"]),
        "item": (["m:1", 'p"2', "x\x01"], ["Mug\r", "Pot", "Hidden \x00\ud800"]),
    }
    edges = Edges.of_rows([(0, 0, 7, 1.0, 0), (0, 0, 9, 2.5, 1), (0, 1, 9, 1.0, 0)], 1)
    likes = Edges.of(np.array([1]), np.array([0]), 3)
    features = {"item": {"price": np.array([2.5, np.nan, 1], np.float32), "available": np.array([True, False, True])}}
    relations = {("user", "purchase", "item"): edges, ("item", "near", "item"): likes}
    graph = KnowledgeGraph(numbered(parts), relations, 1000, 101, ("events", "rule"), features)
    write(graph, tmp_path / "graph.graphml")
    told = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert dict(told.nodes(data=True)) == {
        "user:ann": {"type": "user", "id": "ann", "label": "Ann & <Co>"},
        "item:m:1": {"type": "item", "id": "m:1", "label": "Mug\r", "price": 2.5, "available": True},
        'item:p"2': {"type": "item", "id": 'p"2', "label": "Pot", "available": False},
        "item:x�": {"type": "item", "id": "x�", "label": "Hidden ��", "price": 1.0, "available": True},
    }
    found = Counter((head, tail, *sorted(data.items())) for head, tail, data in told.edges(data=True))
    ours = Counter(
        (":".join(head), ":".join(tail), *sorted(data.items())) for head, tail, data in to_networkx(graph).edges.data()
    )
    assert found == ours


def test_an_ending_that_is_none_writes_nothing(tmp_path: Path) -> None:
    graph = KnowledgeGraph(numbered({"user": ([], []), "item": ([], [])}), {}, 0, 0)
    with pytest.raises(KgError, match="no such kind of file"):
        write(graph, tmp_path / "graph.xml")
    assert not list(tmp_path.iterdir())
