from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kg.errors import KgError
from kg.source_config import Source
from kg.sources.files import find, look
from kg.sources.packed import open_lines


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding)
    return path


def test_a_file_a_folder_and_a_glob(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv.gz", ".hidden.csv", "notes.md", "c[1].csv"):
        written(tmp_path / name, "x")
    (tmp_path / "deep").mkdir()
    deep = written(tmp_path / "deep" / "d.csv", "x")
    names = [file.name for file in find([tmp_path])]
    assert names == ["a.csv.gz", "b.csv", "c[1].csv"]
    assert [file.name for file in find(["*.csv"], tmp_path)] == [".hidden.csv", "b.csv", "c[1].csv"]
    assert [file.name for file in find(["c[1].csv"], tmp_path)] == ["c[1].csv"]
    assert find(["**/d.csv", "deep/*.csv"], tmp_path) == [deep]


@pytest.mark.parametrize("path", ["absent.csv", "absent/*.csv", "empty"])
def test_nothing_is_found(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(KgError, match="no such file") as caught:
        find([path], tmp_path)
    assert caught.value.file == tmp_path / path


@pytest.mark.parametrize(
    ("name", "header", "delimiter"),
    [
        ("a.csv", "user,item", ","),
        ("a.csv", "user;item;price,net", ";"),
        ("a.txt", "user\titem,name", "\t"),
        ("a.dat", "user|item", "|"),
        ("a.tsv", "user, perhaps\titem", "\t"),
        ("a.csv", "user", ","),
    ],
)
def test_the_header_tells_the_delimiter(tmp_path: Path, name: str, header: str, delimiter: str) -> None:
    file = look(written(tmp_path / name, header + "\n1\n"), Source())
    assert file.delimiter == delimiter
    assert file.columns == tuple(header.split(delimiter))


def test_a_header_may_be_quoted_and_broken(tmp_path: Path) -> None:
    assert look(written(tmp_path / "b.csv", '"user, id","the\nitem",,x\n1,2,3,4\n'), Source()).columns == (
        "user, id",
        "the\nitem",
        "column3",
        "x",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_byte_order_marks_are_heeded(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "a.csv", "user,größe\nann,1\n", encoding)
    file = look(path, Source())
    assert file.columns == ("user", "größe")
    assert list(file.records()) == [(1, False), (2, True)]


def test_an_encoding_can_be_said(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "user,größe\nann,1\n", "latin-1")
    with pytest.raises(KgError, match="not UTF-8") as caught:
        look(path, Source())
    assert "latin-1" in caught.value.fix
    assert look(path, Source(encoding="latin-1")).columns == ("user", "größe")


def test_columns_of_json_lines_are_those_of_the_first_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", '{"user": 1}\n\nno object\n{"item": [1], "user": 2}\n')
    file = look(path, Source())
    assert file.columns == ("user", "item")
    assert list(file.records()) == [(1, True), (2, False), (3, True), (4, True)]


def test_lines_of_records_that_span_lines(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'user,item\nann,"a\nmug"\n\nbob,pot\n')
    assert list(look(path, Source()).records()) == [(1, False), (2, True), (4, False), (5, True)]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"", "empty"),
        ("a.doc", b"user,item\n", "unknown kind of file"),
        ("a.csv.gz", b"user,item\n", "cannot be read"),
        ("a.parquet", b"PAR1 is not all", "not a Parquet file"),
        ("a.jsonl", b"user,item\n", "no line is a JSON object"),
        ("a.csv", b"user,User\n1,2\n", "two columns have one name"),
    ],
)
def test_what_is_no_data_is_told(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(KgError, match=told) as caught:
        look(path, Source())
    assert caught.value.file == path
    assert caught.value.fix


def test_gzip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress("user,größe\n".encode()))
    with open_lines(path, "utf-8") as text:
        assert text.read() == "user,größe\n"


def test_a_packed_log_that_grows_without_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.csv.gz"
    with gzip.open(path, "wb") as file:
        file.write(b"user,item\n")
        for _ in range(80):
            file.write(b"u,i\n" * (1 << 18))
    with pytest.raises(KgError, match="unpacks to more than 200 times"):
        look(path, Source())
