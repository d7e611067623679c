from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.building import build
from kg.errors import KgError
from kg.published.forms import read
from tests.kg.published.files import kgat


def rows(table: Any, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(table.select(*columns).execute().itertuples(index=False, name=None))


def test_a_line_is_a_user_and_all_her_items(tmp_path: Path) -> None:
    data = read(kgat(tmp_path, "0 0 1\n\n7 12 \n", "0 2\n5\n"))
    expected = [("0", "0", "train"), ("0", "1", "train"), ("0", "2", "test"), ("7", "12", "train")]
    assert rows(data.tables.events, "user_id", "item_id", "part") == expected
    assert (data.form, data.kinds, data.has_times) == ("KGAT", ("purchase",), False)


def test_an_item_named_twice_in_a_part_is_one_event(tmp_path: Path) -> None:
    assert (
        len(rows(read(kgat(tmp_path, "0 1 1\n0 1\n")).tables.events.filter(lambda row: row.part == "train"), "item_id"))
        == 1
    )


def test_entities_below_the_number_of_items_are_the_items(tmp_path: Path) -> None:
    data = read(kgat(tmp_path, kg_final__txt="0 0 4\n3 1 1\n4 0 9\n0 0 4\n"))
    expected = [
        ("0", "0", "4", "item", "entity"),
        ("3", "1", "1", "item", "item"),
        ("4", "0", "9", "entity", "entity"),
    ]
    assert rows(data.tables.facts, "head", "relation", "tail", "head_type", "tail_type") == expected
    graph = build(data.tables)
    assert ("item", "0", "entity") in graph.relations
    assert len(graph.nodes["entity"]) == 2
    assert {file.name for file in data.files} == {"train.txt", "test.txt", "kg_final.txt"} == dict(data.identity).keys()


@pytest.mark.parametrize(
    ("files", "file", "row", "value"),
    [
        ({"train": "0 1\n1 2 x3\n"}, "train.txt", 2, "x3"),
        ({"test": "0 1\n\n-1 2\n"}, "test.txt", 3, "-1"),
        ({"test": "0 1.0\n"}, "test.txt", 1, "1.0"),
        ({"train": "0 1\n1 ²\n"}, "train.txt", 2, "\ufffd\ufffd"),
        ({"train": ""}, "train.txt", None, None),
        ({"test": "\n\n"}, "test.txt", None, None),
        ({"kg_final__txt": "0 1\n"}, "kg_final.txt", 1, "0 1"),
        ({"kg_final__txt": ""}, "kg_final.txt", None, None),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, files: dict[str, str], file: str, row: int, value: str) -> None:
    with pytest.raises(KgError) as found:
        read(kgat(tmp_path, **files))
    assert (Path(str(found.value.file)).name, found.value.row, found.value.value) == (file, row, value)
    assert found.value.fix


def test_both_parts_are_needed(tmp_path: Path) -> None:
    (kgat(tmp_path) / "test.txt").unlink()
    with pytest.raises(KgError, match="Give both parts"):
        read(tmp_path)
