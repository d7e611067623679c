"""What is drawn is what the graph holds; files stand alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import altair as alt
import pytest
from hypothesis import given, settings

from kg.errors import KgError
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.picture import save_picture, schema_picture
from tests.kg.graphs import graphs

PNG = b"\x89PNG\r\n\x1a\n"


def rows(chart: alt.LayerChart) -> list[dict[str, Any]]:
    """All that is drawn."""
    spec = chart.to_dict()
    return [
        row
        for layer in spec["layer"]
        for row in spec["datasets"].get(layer["data"].get("name"), layer["data"].get("values"))
    ]


@pytest.fixture(scope="module")
def shop() -> KnowledgeGraph:
    n_users = 40
    users = [f"user {n}" for n in range(n_users)]
    nodes = numbered({"user": (users, users), "item": (["m"], ["Mug <b>red</b>"]), "brand": (["i"], ["IKEA"])})
    bought = Edges.of_rows([(n, 0, n, 1.0, 0) for n in range(n_users)], n_users)
    brand = Edges.of_rows([(0, 0, 9, 1.0, 0)], 1)
    return KnowledgeGraph(nodes, {("user", "purchase", "item"): bought, ("item", "brand", "brand"): brand}, 0, 99)


@settings(deadline=None, max_examples=12)
@given(graphs())
def test_a_schema_names_every_type_and_relation_with_its_number(graph: KnowledgeGraph) -> None:
    drawn = rows(schema_picture(graph))
    lines = {line for row in drawn if "text" in row for line in row["text"].split("\n")}
    assert {*graph.nodes} <= lines
    assert {f"{name} {len(edges):,}" for (_, name, _), edges in graph.relations.items()} <= lines


@pytest.mark.parametrize("name", ["graph.html", "graph.svg", "graph.png"])
def test_a_picture_is_one_file_that_needs_no_network(shop: KnowledgeGraph, tmp_path: Path, name: str) -> None:
    save_picture(schema_picture(shop), tmp_path / name)
    content = (tmp_path / name).read_bytes()
    if name.endswith(".png"):
        assert content.startswith(PNG)
    else:
        assert b"purchase" in content
        assert not re.findall(rb"""(?:src|href)=["']?(?:https?:)?//""", content)
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_a_page_is_as_wide_as_its_screen(shop: KnowledgeGraph, tmp_path: Path) -> None:
    save_picture(schema_picture(shop), tmp_path / "graph.html")
    head, _, _ = (tmp_path / "graph.html").read_text(encoding="utf-8").partition("<script")
    assert 'name="viewport" content="width=device-width' in head
    assert "max-width: 100%" in head


def test_another_format_is_an_error(shop: KnowledgeGraph, tmp_path: Path) -> None:
    with pytest.raises(KgError, match="format") as error:
        save_picture(schema_picture(shop), tmp_path / "graph.pdf")
    assert ".svg" in error.value.fix
    assert not list(tmp_path.iterdir())
