"""RDF that is broken or means harm: one clear message, no other file, no connection, no time."""

from __future__ import annotations

import gzip
import socket
import time
from pathlib import Path
from typing import Any, NoReturn

import pytest

from kg.errors import KgError
from kg.sources.statements import statements

TRIPLE = '<http://a.example/x> <http://a.example/p> "v" .\n'
RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:x="http://x.example/">'
ABOUT = '<rdf:Description rdf:about="http://a.example/x"><x:p>{}</x:p></rdf:Description></rdf:RDF>'


@pytest.fixture(autouse=True)
def nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection is made."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", refuse)


def read(folder: Path, name: str, content: str | bytes) -> list[Any]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [quad for block in statements(path, name.removesuffix(".gz").rpartition(".")[2]) for quad in block]


@pytest.mark.parametrize(
    ("name", "text", "row", "column"),
    [
        ("a.ttl", TRIPLE + "<http://a.example/x> <http://a.example/p> ;\n", 2, "43"),
        ("a.ttl", TRIPLE + '<http://a.example/x> <http://a.example/p> "v', 2, "43"),
        ("a.ttl", TRIPLE + "x:y <http://a.example/p> 1 .\n", 2, "1"),
        ("a.nt", TRIPLE + TRIPLE.replace(" .", "") + TRIPLE, 3, "1"),
        ("a.nt", TRIPLE + '<http://a.example/x> <http://a.example/p> "\\q" .\n', 2, "44"),
        ("a.nt", TRIPLE.encode() + b'<http://a.example/x> <http://a.example/p> "\xff" .\n', 2, "44"),
        ("a.nt.gz", gzip.compress((TRIPLE + "nonsense\n").encode(), mtime=0), 2, "1"),
        ("a.jsonld", '{"@id": "http://a.example/x",\n "http://a.example/p": [', 2, "25"),
    ],
)
def test_malformed_files_are_told_with_line_and_column(
    tmp_path: Path, name: str, text: str | bytes, row: int, column: str
) -> None:
    with pytest.raises(KgError, match="malformed RDF") as caught:
        read(tmp_path, name, text)
    assert (caught.value.file, caught.value.row, caught.value.column) == (tmp_path / name, row, column)


@pytest.mark.parametrize("name", ["a.ttl", "a.nt"])
def test_iris_are_taken_as_they_are_written(tmp_path: Path, name: str) -> None:
    (quad,) = read(tmp_path, name, '<http://a.example/../"x y"> <http://a.example/p> "v" .\n'.replace('"x y"', "x y"))
    assert quad.subject.value == "http://a.example/../x y"


@pytest.mark.parametrize("name", ["a.ttl", "a.nt", "a.rdf", "a.jsonld", "a.ttl.gz"])
def test_a_byte_order_mark_is_no_content(tmp_path: Path, name: str) -> None:
    text = {"a.rdf": RDF + ABOUT.format("v"), "a.jsonld": '{"@id": "http://a.example/x", "http://a.example/p": "v"}'}
    content = ("\ufeff" + text.get(name, TRIPLE)).encode()
    assert [
        quad.object.value for quad in read(tmp_path, name, gzip.compress(content) if name[-1] == "z" else content)
    ] == ["v"]


def test_utf_16_is_told(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="UTF-16"):
        read(tmp_path, "a.ttl", TRIPLE.encode("utf-16"))


def test_packed_files_that_are_cut_off_are_told(tmp_path: Path) -> None:
    for content in (gzip.compress(TRIPLE.encode() * 99)[:-9], b"no gzip", gzip.compress(b"x")[:12] + b"\xff" * 9):
        with pytest.raises(KgError, match="cannot be read"):
            read(tmp_path, "a.nt.gz", content)


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "declared",
    [
        f'<!ENTITY e0 "lol">{BOMB}',
        '<!ENTITY e11 SYSTEM "file:///etc/passwd">',
        '<!ENTITY e11 PUBLIC "x" "http://elsewhere.example/">',
        '<!ENTITY % p SYSTEM "http://elsewhere.example/"> %p;',
        f'<!ENTITY e11 "{"x" * 100_000}">',
        "<!ENTITY e0 'lol'><!ENTITY e11 '&#38;e0;'>",
    ],
)
def test_entities_that_grow_or_are_elsewhere_are_refused_at_once(tmp_path: Path, declared: str) -> None:
    start = time.process_time()
    with pytest.raises(KgError, match="entity that is refused"):
        read(tmp_path, "a.rdf", f"<!DOCTYPE rdf:RDF [{declared}]>{RDF}{ABOUT.format('&e11;')}")
    assert time.process_time() - start < 1


def test_entities_that_are_short_for_an_iri_are_read(tmp_path: Path) -> None:
    text = f'<!DOCTYPE rdf:RDF [<!ENTITY a "http://a.example/">]>{RDF}{ABOUT.format("&a;v")}'
    assert [quad.object.value for quad in read(tmp_path, "a.rdf", text)] == ["http://a.example/v"]


@pytest.mark.parametrize("text", ["", "<a><b></a>", "no xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY'])
def test_xml_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(KgError, match="malformed"):
        read(tmp_path, "a.rdf", text)


@pytest.mark.parametrize(
    "context", ['"https://schema.org/"', '"file:///etc/passwd"', '{"@import": "http://elsewhere.example/"}']
)
def test_a_context_that_is_elsewhere_is_not_read(tmp_path: Path, context: str) -> None:
    with pytest.raises(KgError, match="never read") as caught:
        read(tmp_path, "a.jsonld", f'{{"@context": {context}, "@id": "http://a.example/x", "http://a.example/p": "v"}}')
    assert "context into the file" in caught.value.fix


@pytest.mark.parametrize(
    "text", ['{"http://a.example/p":' * 100_000 + "1" + "}" * 100_000, "[" * 100_000, '{"a\\"[[[": ' + "[" * 100_000]
)
def test_json_that_is_nested_too_deeply_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(KgError, match="nested more than 500 deep") as caught:
        read(tmp_path, "a.jsonld", "\n" + text)
    assert caught.value.row == 2


def test_brackets_in_strings_are_no_depth(tmp_path: Path) -> None:
    text = '{"@id": "http://a.example/x", "http://a.example/p": "' + "[{" * 1_000 + '\\\\"}'
    assert len(read(tmp_path, "a.jsonld", text)) == 1


def test_xml_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    nested = "<x:C><x:p>\n" * 50_000 + "</x:p></x:C>" * 50_000
    with pytest.raises(KgError, match="nested more than 500 deep") as caught:
        read(tmp_path, "a.rdf", f"{RDF}{nested}</rdf:RDF>")
    assert caught.value.row == 250


def test_turtle_may_be_as_deep_as_it_likes(tmp_path: Path) -> None:
    deep = "<http://a.example/x> <http://a.example/p> " + "(" * 100_000 + "1" + ")" * 100_000 + " ."
    assert len(read(tmp_path, "a.ttl", deep)) == 200_001


def test_a_gzip_bomb_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "a.nt.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(120):
            file.write(b" " * (1 << 20))
    with pytest.raises(KgError, match="unpacks to more than 200 times"):
        list(statements(path, "nt"))
