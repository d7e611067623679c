"""Ids and titles of any kind go through every command literally; only in a CSV are formulas guarded."""

from __future__ import annotations

import csv
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
import rdflib

from cli.main import DONE
from tests.cli.conftest import Ask

ODD = ('a "b"\nc', "../../etc/passwd", "مرحبا\u202eabc", "😀 mug", "=1+1", "<b>&amp;</b>", "a:b/%2F")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log and a catalogue whose users, items, titles and brands are odd."""
    folder = tmp_path_factory.mktemp("odd")
    with (folder / "log.csv").open("w", newline="", encoding="utf-8") as file:
        log = csv.writer(file)
        log.writerow(["user_id", "item_id", "time"])
        for day in range(1, 29):
            for n, user in enumerate(ODD):
                log.writerow([user, ODD[(n + day) % len(ODD)], f"2024-03-{day:02} 10:0{n}:00"])
    with (folder / "items.csv").open("w", newline="", encoding="utf-8") as file:
        catalogue = csv.writer(file)
        catalogue.writerow(["item_id", "title", "brand"])
        catalogue.writerows([item, f"title {item}", item] for item in ODD)
    return folder


def test_strange_ids_are_kept_literally(folder: Path, cartograph: Ask, tmp_path: Path) -> None:
    workspace = ("-w", tmp_path / "workspace")
    built = cartograph("graph", "build", "--events", folder / "log.csv", "--items", folder / "items.csv", *workspace)
    assert built.code == DONE, built.err
    for ending in ("nt", "ttl", "graphml"):
        assert cartograph("graph", "export", "--out", tmp_path / f"graph.{ending}", *workspace).code == DONE
    for ending in ("nt", "ttl"):
        told = rdflib.Graph().parse(tmp_path / f"graph.{ending}")
        identifiers = {str(text) for text in told.objects(None, rdflib.DCTERMS.identifier)}
        assert {*ODD} <= identifiers
        assert {f"title {item}" for item in ODD} <= {str(text) for text in told.objects(None, rdflib.RDFS.label)}
    nodes = nx.read_graphml(tmp_path / "graph.graphml").nodes(data=True)
    for kind in ("user", "item", "brand"):
        assert {about["id"] for _, about in nodes if about["type"] == kind} == {*ODD}
    assert cartograph("graph", "export", "--out", tmp_path / "tables", *workspace).code == DONE
    edges = pd.read_parquet(tmp_path / "tables" / "edges.parquet")
    assert {*edges.loc[edges["relation"] == "brand", "target"]} == {*ODD}
    for item in ODD:
        (other,) = (row for row in cartograph("graph", "neighbours", f"item:{item}", "--json", *workspace).json
                    if row["relation"] == "brand")  # fmt: skip
        assert other["top"][0]["id"] == item
    assert cartograph("graph", "view", f"item:{ODD[0]}", "--svg", tmp_path / "odd.svg", *workspace).code == DONE
    assert {path.name for path in tmp_path.iterdir()} == {
        "workspace", "graph.nt", "graph.ttl", "graph.graphml", "tables", "odd.svg"
    }  # fmt: skip


def test_formulas_are_guarded_in_csv_and_nowhere_else(folder: Path, cartograph: Ask, tmp_path: Path) -> None:
    workspace = ("-w", tmp_path / "workspace")
    assert cartograph("graph", "build", "--events", folder / "log.csv", *workspace).code == DONE
    every = "SELECT ?id { ?item a type:item ; dcterms:identifier ?id }"
    for ending, read in (("csv", pd.read_csv), ("parquet", pd.read_parquet)):
        path = tmp_path / f"ids.{ending}"
        assert cartograph("graph", "query", every, "--out", path, *workspace).code == DONE
        wanted = {f"'{item}" if ending == "csv" and item[0] == "=" else item for item in ODD}
        assert {*read(path)["id"]} == wanted
