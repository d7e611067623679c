"""What is drawn around a node can be read, stands alone, and holds nothing that a page or a file would run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from itertools import combinations, pairwise
from math import cos, radians, sin
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import kg
from kg.canvas import Canvas, corners
from kg.ego_picture import draw
from kg.errors import KgError
from kg.fonts import FONT, for_png, lacks_letters
from kg.graph import Edges, KnowledgeGraph, numbered
from kg.neighbourhood import neighbourhood
from kg.svg import svg
from kg.view import save_view

PNG = b"\x89PNG\r\n\x1a\n"
NAMES = (
    "Mug </script><b>red</b>",
    "=HYPERLINK(1)",
    "../../etc",
    'a "b"\nc',
    "كأس أحمر",
    "😀 mug",
    "红色马克杯",
    "\x0bmug",
)


def shop(n: int, names: tuple[str, ...] = NAMES) -> KnowledgeGraph:
    """A brand of n items, three colours among them, and 40 customers."""
    labels = [f"{names[place % len(names)]} {place}" for place in range(n)]
    users = [f"user {place}" for place in range(40)]
    nodes = numbered(
        {"user": (users, users), "item": ([f"i{place}" for place in range(n)], labels), "brand": ("A", ("Acme",)),
         "colour": ("rgb", ("red", "green", "blue"))}
    )  # fmt: skip
    relations = {
        ("user", "purchase", "item"): Edges.of_rows([(place, 0, place, 1.0, 0) for place in range(40)], 40),
        ("item", "brand", "brand"): Edges.of_rows([(place, 0, 9, 1.0, 0) for place in range(n)], n),
        ("item", "colour", "colour"): Edges.of_rows([(place, place % 3, 9, 1.0, 0) for place in range(n)], n),
    }
    return KnowledgeGraph(nodes, relations, 0, 99)


def boxes(canvas: Canvas) -> list[np.ndarray]:
    """The corners of every label, (4, 2), in the order round."""
    return [np.array(corners(row))[[0, 1, 3, 2]] for row in canvas.texts]


def apart(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two rectangles have a line between them."""
    for box in (one, other):
        for start, end in pairwise([*box, box[0]]):
            normal = np.array([start[1] - end[1], end[0] - start[0]])
            if (one @ normal).max() <= (other @ normal).min() or (other @ normal).max() <= (one @ normal).min():
                return True
    return False


@pytest.mark.parametrize(("kind", "node"), [("brand", "A"), ("item", "i0")])
@pytest.mark.parametrize("hops", [1, 2])
@pytest.mark.parametrize("n", [2, 10, 14, 40, 300])
def test_labels_do_not_collide(n: int, hops: int, kind: str, node: str) -> None:
    graph = shop(n)
    found = neighbourhood(graph, graph.node(kind, node), hops, n)
    labels = boxes(draw(graph, found))
    assert len(labels) >= len(found.spots) - 1
    collisions = [pair for pair in combinations(range(len(labels)), 2) if not apart(*(labels[each] for each in pair))]
    assert collisions == []


def test_boxes_that_touch_are_told_from_those_that_do_not() -> None:
    square = np.array([(0, 0), (2, 0), (2, 1), (0, 1)], float)
    turn = np.array([(cos(radians(30)), -sin(radians(30))), (sin(radians(30)), cos(radians(30)))])
    assert not apart(square, square + np.array([1.5, 0.5]))
    assert apart(square, square + np.array([2.5, 0]))
    assert apart(square @ turn, square @ turn + turn[1] * 1.2)


@pytest.mark.parametrize("name", ["mug.html", "mug.svg", "mug.png"])
def test_a_file_stands_alone(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.view.lacks_letters", lambda _: False)
    graph = shop(12)
    save_view(graph, graph.node("brand", "A"), tmp_path / name, hops=2)
    content = (tmp_path / name).read_bytes()
    if name.endswith(".png"):
        assert content.startswith(PNG)
    else:
        assert not re.findall(rb"""(?:src|href)=["']?""", content)
        assert b"<b>" not in content
        assert "红色马克杯".encode() in content
    if name.endswith(".svg"):
        drawn = ElementTree.fromstring(content)
        texts = ["".join(text.itertext()) for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
        assert "brand ← this" not in texts
        assert any("=HYPERLINK(1)" in text for text in texts)
    assert [file.name for file in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("kind", ["brand", "item"])
def test_arrows_point_the_way_of_the_edges(kind: str) -> None:
    graph = shop(12)
    node = graph.nodes[kind].start
    drawn = ElementTree.fromstring(svg(draw(graph, neighbourhood(graph, node, 2)), "a mug"))
    parts = {name: [*drawn.iter(f"{{http://www.w3.org/2000/svg}}{name}")] for name in ("circle", "polyline", "polygon")}
    spots = {part.get("data-spot"): part for part in parts["circle"]}
    places = {spot: np.array([float(part.get("cx", "")), float(part.get("cy", ""))]) for spot, part in spots.items()}
    forth = {(source, target) for source, _, target in graph.relations}
    assert len(parts["polygon"]) == len(parts["polyline"]) > 12
    for arrow in parts["polygon"]:
        ends = [arrow.get("data-spot"), arrow.get("data-parent")]
        if tuple(spots[end].get("data-type") for end in ends) not in forth:
            ends.reverse()
        tip, *base = (np.array(point.split(","), float) for point in arrow.get("points", "").split())
        way, told = places[ends[1]] - places[ends[0]], tip - np.mean(base, axis=0)
        assert way @ told > 0.99 * np.linalg.norm(way) * np.linalg.norm(told)


def test_the_page_is_a_list_too(tmp_path: Path) -> None:
    graph = shop(12)
    save_view(graph, graph.node("item", "i0"), tmp_path / "i0.html", hops=2)
    page = (tmp_path / "i0.html").read_text(encoding="utf-8")
    listed = page[page.index("The same as a list") :]
    assert "<small>user purchase → this: 40</small>" in listed
    assert "40 customers" in listed
    assert "user 1" not in page
    assert "Acme <small>brand A</small><ul><li><small>brand</small>" in listed
    assert page.count("</script>") == 1


def test_what_no_font_has_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kg.view.lacks_letters", lambda text: "红" in text)
    graph = shop(12)
    with pytest.raises(KgError, match="font") as error:
        save_view(graph, graph.node("brand", "A"), tmp_path / "a.png")
    assert "fonts-noto-cjk" in error.value.fix
    assert not list(tmp_path.iterdir())


def test_letters_that_are_not_chinese_need_no_chinese_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vl_convert.svg_to_png", lambda _: b"a box")
    assert [lacks_letters(text) for text in ("mug é", "كأس", "😀", "杯", "a𠀀")] == [False, False, False, True, True]
    monkeypatch.setattr("vl_convert.svg_to_png", lambda svg: svg.encode())
    assert not lacks_letters("杯")


def test_a_png_with_chinese_names_a_font_that_has_them_first() -> None:
    latin, chinese = (f'<text font-family="{FONT}">{name}</text>' for name in ("mug", "杯"))
    assert for_png(latin) == latin
    assert for_png(chinese).startswith("<text font-family=\"'Noto Sans CJK")


def test_another_format_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="format"):
        save_view(shop(2), 0, tmp_path / "a.pdf")


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node.js to run the page's script")
def test_the_page_answers_the_mouse() -> None:
    """Of a node 0 with a brand 1, that has an item 2, and a colour 3, that the item has too."""
    here, script = Path(__file__).parent, Path(kg.__file__).parent / "view.js"
    told = json.loads(subprocess.run(["node", here / "page_stub.js", script], capture_output=True, check=True).stdout)
    everything = ["0", "1", "2", "3"]
    assert told == {
        "over": ["0", "1", "2"], "out": everything, "link": ["0", "2", "3"], "tapped": ["0", "2", "3"],
        "aside": everything, "type": ["0", "1"], "moved over": ["0", "1"], "moved out": ["0", "1"],
        "again": everything, "find": ["3"], "moved": -10,
    }  # fmt: skip
