"""SKOS in, facts out; malformed and circular taxonomies are named."""

from __future__ import annotations

import gzip
from itertools import pairwise
from pathlib import Path

import networkx as nx
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import KgError
from kg.sources.skos import read_skos
from kg.sources.taxonomies import read_taxonomies
from kg.sources.taxonomy import find_cycle

TAXONOMY = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <https://shop.example/> .
:home a skos:Concept ; skos:prefLabel "Haus"@de, "Home"@en ; skos:notation "H" ; skos:narrower :mugs .
:mugs skos:prefLabel "Mugs"@en-GB, "Tassen"@de ; skos:notation "H1" .
:lamps skos:prefLabel "Lampen"@de, "灯"@zh ; skos:broader :home .
"""


def written(tmp_path: Path, text: str, name: str = "taxonomy.ttl") -> Path:
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("name", ["taxonomy.ttl", "taxonomy.ttl.gz", "taxonomy.trig"])
def test_a_taxonomy_is_edges_and_labels(tmp_path: Path, name: str) -> None:
    facts = read_skos(written(tmp_path, TAXONOMY, name)).facts()
    found = set(facts[["head", "relation", "tail", "tail_type"]].itertuples(index=False, name=None))
    assert found == {
        ("H1", "broader", "H", "category"),
        ("https://shop.example/lamps", "broader", "H", "category"),
        ("H", "label", "Home", "string"),
        ("H", "alt_label", "Haus", "string@de"),
        ("H1", "label", "Mugs", "string"),
        ("H1", "alt_label", "Tassen", "string@de"),
        ("https://shop.example/lamps", "label", "Lampen", "string"),
        ("https://shop.example/lamps", "alt_label", "灯", "string@zh"),
    }
    assert list(facts["literal"]) == list(facts["relation"] != "broader")


def test_rdf_xml_is_read_where_its_entities_are_harmless(tmp_path: Path) -> None:
    from pyoxigraph import RdfFormat, parse, serialize

    text = serialize(parse(TAXONOMY, format=RdfFormat.TURTLE), format=RdfFormat.RDF_XML).decode()
    facts = read_skos(written(tmp_path, TAXONOMY)).facts()
    pd.testing.assert_frame_equal(
        read_skos(written(tmp_path, text, "taxonomy.rdf")).facts(), facts.assign(provenance="taxonomy.rdf")
    )
    with pytest.raises(KgError, match="entity that is refused"):
        read_skos(written(tmp_path, '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "taxonomy.rdf"))


def test_a_packed_taxonomy_that_grows_without_bound_is_stopped(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.nt.gz"
    with gzip.open(path, "wb") as file:
        for _ in range(120):
            file.write(b" " * (1 << 20))
    with pytest.raises(KgError, match="unpacks to more than 200 times"):
        read_skos(path)


def test_labels_that_are_no_texts_and_concepts_that_are_texts_are_left_out(tmp_path: Path) -> None:
    odd = ':mugs skos:prefLabel :cups ; skos:broader "home" ; skos:notation :h .\n'
    facts = read_skos(written(tmp_path, TAXONOMY)).facts()
    pd.testing.assert_frame_equal(read_skos(written(tmp_path, TAXONOMY + odd)).facts(), facts)


def test_labels_in_the_language_asked_for(tmp_path: Path) -> None:
    facts = read_skos(written(tmp_path, TAXONOMY)).facts(languages=("zh",))
    assert "灯" in set(facts.loc[facts["relation"] == "label", "tail"])


def test_malformed_turtle_is_an_error_with_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="malformed") as error:
        read_skos(written(tmp_path, TAXONOMY + ":x skos:broader ;\n"))
    assert (error.value.row, error.value.column) == (6, "17")


@pytest.mark.parametrize("cut", [50, 150, len(TAXONOMY) - 3])
def test_truncated_turtle_is_an_error(tmp_path: Path, cut: int) -> None:
    with pytest.raises(KgError, match="malformed") as error:
        read_skos(written(tmp_path, TAXONOMY[:cut]))
    assert error.value.row


def test_a_cycle_is_named(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="cycle") as error:
        read_taxonomies({"category": [str(written(tmp_path, TAXONOMY + ":home skos:broader :mugs .\n"))]}, tmp_path)
    assert error.value.value in ("H > H1 > H", "H1 > H > H1")


def test_one_notation_for_two_concepts_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="one notation") as error:
        read_skos(written(tmp_path, TAXONOMY + ':lamps skos:notation "H" .\n'))
    assert error.value.value == "H"


@pytest.mark.parametrize("name", ["taxonomy.csv", "taxonomy"])
def test_another_format_is_an_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(KgError, match="format"):
        read_skos(written(tmp_path, TAXONOMY, name))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="cannot be read"):
        read_skos(tmp_path / "none.ttl")


def test_a_deep_taxonomy_has_no_cycle() -> None:
    deep = [(str(n), str(n + 1)) for n in range(100_000)]
    assert find_cycle(deep) == []
    assert len(find_cycle([*deep, ("100000", "0")])) == 100_002


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=12))
def test_a_cycle_is_found_where_networkx_finds_one(edges: list[tuple[str, str]]) -> None:
    cycle = find_cycle(edges)
    assert bool(cycle) == (not nx.is_directed_acyclic_graph(nx.DiGraph(edges)))
    assert all(pair in edges for pair in pairwise(cycle))
