"""Facts from RDF and tables, joined to the items of a small shop."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pyoxigraph
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import kg
from kg.config import KgConfig
from kg.errors import KgError
from kg.exchange import from_rdf, to_rdf
from kg.reading import ingest
from kg.steps.derive import derive

PREFIXES = """@prefix r: <http://films.example/> . @prefix o: <http://words.example/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
FILMS = (
    PREFIXES
    + """
r:Heat rdfs:label "Heat"@en, "Heat – im Kreuzfeuer"@de ; o:director r:Michael_Mann ; o:minutes 170 ;
    o:released "1995-12-15"^^xsd:date ; o:length "170"^^<http://units.example/minute> ; o:tag "crime" .
r:Michael_Mann a o:Person ; o:born r:Chicago ; rdfs:label "M. Mann"@en-GB .
r:Chicago o:state r:Illinois .
r:Far o:away r:Away .
"""
)
LINKS = "item_id,uri\nf1,http://films.example/Heat\n"


def facts(folder: Path, text: str = FILMS, name: str = "facts.ttl", **section: Any) -> pd.DataFrame:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return shop(folder, path=name, **section).facts.execute()


def shop(folder: Path, **section: Any) -> kg.Tables:
    (folder / "log.csv").write_text("user_id,item_id\nann,f1\nbob,f2\nbob,1995\n")
    if "links" not in section:
        (folder / "links.csv").write_text(LINKS)
        section["links"] = {"path": "links.csv"}
    config = {"folder": folder, "events": {"path": "log.csv"}, "facts": section}
    return ingest(KgConfig.model_validate(config))[0]


def rows(frame: pd.DataFrame, *columns: str) -> set[tuple[Any, ...]]:
    return set(frame[[*(columns or ("head", "relation", "tail"))]].itertuples(index=False, name=None))


def joins(frame: pd.DataFrame) -> set[tuple[Any, ...]]:
    return rows(frame[~frame["literal"]])


ALL = {
    ("f1", "director", "http://films.example/Michael_Mann"),
    ("http://films.example/Michael_Mann", "type", "http://words.example/Person"),
    ("http://films.example/Michael_Mann", "born", "http://films.example/Chicago"),
    ("http://films.example/Chicago", "state", "http://films.example/Illinois"),
    ("http://films.example/Far", "away", "http://films.example/Away"),
}


@pytest.mark.parametrize(
    "name", ["a.ttl", "a.ttl.gz", "a.nt", "a.nq", "a.trig", "a.rdf", "a.owl.gz", "a.jsonld", "a.nt.gz"]
)
def test_every_serialisation_says_the_same(tmp_path: Path, name: str) -> None:
    form = {"owl": "rdf"}.get(name.split(".")[1], name.split(".")[1])
    quads = pyoxigraph.parse(FILMS, format=pyoxigraph.RdfFormat.TURTLE)
    triples = [quad.triple for quad in quads]
    text = pyoxigraph.serialize(triples, format=pyoxigraph.RdfFormat.from_extension(form)).decode()
    found = facts(tmp_path, text, name)
    assert joins(found) == ALL
    assert rows(found, "head", "relation", "tail", "tail_type") >= {
        ("f1", "minutes", "170", "integer"),
        ("f1", "released", "1995-12-15", "date"),
        ("f1", "length", "170", "quantity:minute"),
        ("f1", "tag", "crime", "string"),
        ("f1", "label", "Heat", "string"),
        ("f1", "alt_label", "Heat – im Kreuzfeuer", "string@de"),
    }
    assert set(found["provenance"]) == {name}


def test_nodes_are_called_by_their_labels_and_without_one_by_their_iris(tmp_path: Path) -> None:
    labels = facts(tmp_path).query("relation == 'label'").set_index("head")["tail"]
    assert labels["http://films.example/Michael_Mann"] == "M. Mann"
    assert labels["http://films.example/Illinois"] == "Illinois"
    german = facts(tmp_path, languages=["de"]).query("relation == 'label'").set_index("head")["tail"]
    assert german["f1"] == "Heat – im Kreuzfeuer"
    assert german["http://films.example/Michael_Mann"] == "Michael Mann"


def test_other_languages_are_left_out_and_what_has_none_stays(tmp_path: Path) -> None:
    text = FILMS + 'r:Heat o:motto "so what"@en-GB, "na und"@de, "..." . r:Heat rdfs:label "Hot"@en .'
    found = facts(tmp_path, text, languages=["EN"])
    assert rows(found.query("head == 'f1'"), "relation", "tail", "tail_type") >= {
        ("motto", "so what", "string@en-gb"),
        ("motto", "...", "string"),
        ("label", "Heat", "string"),
        ("alt_label", "Hot", "string@en"),
    }
    assert not found["tail_type"].str.endswith("@de").any()


@pytest.mark.parametrize(("hops", "n"), [(1, 1), (2, 3), (3, 4), (None, 5)])
def test_facts_near_items(tmp_path: Path, hops: int | None, n: int) -> None:
    found = facts(tmp_path, hops=hops)
    assert len(joins(found)) == n
    assert joins(found) <= ALL
    assert ("http://films.example/Michael_Mann", "label", "M. Mann") in rows(found)


def test_what_leads_to_an_item_is_near_it(tmp_path: Path) -> None:
    text = PREFIXES + "r:Michael_Mann o:made r:Heat . r:Other o:made r:Thief ."
    assert joins(facts(tmp_path, text, hops=1)) == {("http://films.example/Michael_Mann", "made", "f1")}


def test_predicates_are_kept_and_named(tmp_path: Path) -> None:
    some = ["http://words.example/dir*", "http://words.example/born"]
    assert {relation for _, relation, _ in joins(facts(tmp_path, predicates=some))} == {"director", "born"}
    named = facts(tmp_path, predicates={"made_by": "http://words.example/director"})
    assert joins(named) == {("f1", "made_by", "http://films.example/Michael_Mann")}


def test_two_relations_with_one_end_keep_their_iris(tmp_path: Path) -> None:
    text = FILMS + "r:Heat <http://other.example/director> r:Somebody ; <http://other.example/label> r:Warner ."
    relations = set(facts(tmp_path, text)["relation"])
    assert {"http://words.example/director", "http://other.example/director", "http://other.example/label"} <= relations


def test_classes_that_are_named_are_node_types(tmp_path: Path) -> None:
    found = facts(tmp_path, types={"person": "http://words.example/Person"}, predicates=["http://words.example/*"])
    typed = rows(found[~found["literal"]], "relation", "head_type", "tail_type")
    assert typed == {
        ("director", "item", "person"),
        ("born", "person", "entity"),
        ("state", "entity", "entity"),
        ("away", "entity", "entity"),
    }


def test_nodes_without_an_iri_are_the_same_each_time(tmp_path: Path) -> None:
    text = PREFIXES + "r:Heat o:cast [ o:actor r:Pacino ], [ o:actor r:DeNiro ] . r:Thief o:cast _:x ."
    log = pd.DataFrame({"user_id": ["ann"], "item_id": ["f1"]})
    first, again = (kg.build(kg.Tables.of(log, facts=facts(tmp_path, text))) for _ in range(2))
    assert first.hash == again.hash
    assert len(first.nodes["entity"]) == 6


def test_a_uri_of_two_items_and_an_item_of_two_uris(tmp_path: Path) -> None:
    (tmp_path / "links.csv").write_text(f"{LINKS}f2,http://films.example/Heat\nf1,http://films.example/Chicago\n")
    found = joins(facts(tmp_path, links={"path": "links.csv"}))
    assert {
        ("f1", "director", "http://films.example/Michael_Mann"),
        ("f2", "director", "http://films.example/Michael_Mann"),
    } <= found
    assert ("f1", "state", "http://films.example/Illinois") in found


def test_a_table_of_triples(tmp_path: Path) -> None:
    text = 'movie_id\trelation\ttail\nf1\tstars\tAl Pacino\nf1\tyear\t1995\nf9\tstars\tTom "x\nf2\tstars\tAl Pacino\n'
    found = facts(tmp_path, text, "kg.tsv", links={})
    assert rows(found, "head", "head_type", "relation", "tail", "tail_type") == {
        ("f1", "item", "stars", "Al Pacino", "entity"),
        ("f1", "item", "year", "1995", "entity"),
        ("f9", "item", "stars", 'Tom "x', "entity"),
        ("f2", "item", "stars", "Al Pacino", "entity"),
    }
    assert set(found["provenance"]) == {"kg.tsv"}


def test_a_table_says_types_literals_and_confidence(tmp_path: Path) -> None:
    text = "s;p;o;c;t\nf1;weight;2.5;0.5;decimal\nacme;in;x1;1;\n"
    columns = {
        "head": "s",
        "relation": "p",
        "tail": "o",
        "confidence": "c",
        "tail_type": "t",
        "literal": "t IS NOT NULL",
    }
    found = facts(tmp_path, text, "kg.csv", links={}, columns=columns)
    assert rows(found, "head", "head_type", "tail", "tail_type", "literal", "confidence") == {
        ("f1", "item", "2.5", "decimal", True, 0.5),
        ("acme", "entity", "x1", "entity", False, 1.0),
    }


def test_a_table_that_cannot_be_read_names_the_row(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="missing") as caught:
        facts(tmp_path, "head,relation,tail\nf1,stars,x\nf1,,y\n", "kg.csv", links={})
    assert (Path(str(caught.value.file)).name, caught.value.row, caught.value.column) == ("kg.csv", 3, "relation")


def test_rdf_as_a_log_is_told_where_it_belongs(tmp_path: Path) -> None:
    (tmp_path / "log.ttl").write_text(FILMS)
    with pytest.raises(KgError, match=r"RDF holds facts.*\[facts\]"):
        ingest(KgConfig.model_validate({"events": {"path": str(tmp_path / "log.ttl")}}))


def test_numbers_are_bands_in_the_graph(tmp_path: Path) -> None:
    text = PREFIXES + "".join(
        f'r:f{n} o:minutes {n * 10} ; o:weight "{n}.50 kg"^^<http://units.example/mass> .\n'
        f'r:f{n} o:released "19{n + 50}-01-01"^^xsd:date .\n'
        for n in range(4)
    )
    (tmp_path / "links.csv").write_text(
        "item_id,uri\n" + "".join(f"f{n},http://films.example/f{n}\n" for n in range(4))
    )
    (tmp_path / "facts.ttl").write_text(text)
    tables = shop(tmp_path, path="facts.ttl", links={"path": "links.csv"})
    graph = kg.build(derive(tables, tables.config.derive.model_copy(update={"number_bands": 2})))
    told = {name: sorted(graph.nodes[name].ids.ids) for name in ("minutes", "weight", "released")}
    assert told == {
        "minutes": ["0 to 10", "20 to 30"],
        "weight": ["0.5 to 1.5 kg", "2.5 to 3.5 kg"],
        "released": ["1950 to 1951", "1952 to 1953"],
    }


STRANGE = ['say "hi"', "two\nlines", "../../etc/passwd", "\u202eesrever", "🍵", "=1+1", "a'b;--", "{}%2F\\\\n"]


def test_strange_ids_of_a_table_are_kept_literally(tmp_path: Path) -> None:
    frame = pd.DataFrame({"head": STRANGE, "relation": "like", "tail": STRANGE[::-1]})
    frame.to_csv(tmp_path / "facts.csv", index=False)
    found = shop(tmp_path, path="facts.csv", links={}).facts.execute()
    assert rows(found) == {(one, "like", other) for one, other in zip(STRANGE, STRANGE[::-1], strict=True)}
    graph = kg.build(kg.Tables.of(pd.DataFrame({"user_id": ["ann"], "item_id": ["f1"]}), facts=found))
    assert set(graph.nodes["entity"].ids.ids) == set(STRANGE)
    again = from_rdf(to_rdf(graph))
    assert again.nodes["entity"].ids.ids.tolist() == graph.nodes["entity"].ids.ids.tolist()


def test_strange_names_in_rdf_are_kept_literally(tmp_path: Path) -> None:
    head = pyoxigraph.NamedNode("http://films.example/Heat")
    name = pyoxigraph.NamedNode("http://words.example/called")
    quads = [pyoxigraph.Triple(head, name, pyoxigraph.Literal(text)) for text in STRANGE]
    text = pyoxigraph.serialize(quads, format=pyoxigraph.RdfFormat.TURTLE).decode()
    found = facts(tmp_path, text).query("relation == 'called'")
    assert rows(found) == {("f1", "called", text) for text in STRANGE}


@given(
    st.lists(st.tuples(*[st.integers(0, 6)] * 3), min_size=1, max_size=25),
    st.integers(1, 3),
    st.sets(st.integers(0, 6)),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_near_facts_are_those_that_a_slow_walk_finds(
    tmp_path: Path, triples: list[tuple[int, int, int]], hops: int, some: set[int]
) -> None:
    text = "".join(f"<http://n.example/{s}> <http://r.example/{p}> <http://n.example/{o}> .\n" for s, p, o in triples)
    (tmp_path / "links.csv").write_text("item_id,uri\n" + "".join(f"f{n},http://n.example/{n}\n" for n in some or {0}))
    near, kept = set(some or {0}), set()
    for hop in range(hops):
        kept |= {(s, p, o) for s, p, o in triples if s in near or (hop == 0 and o in near)}
        near = near | {end for s, _, o in kept for end in (s, o)}

    def called(node: int) -> str:
        return f"f{node}" if node in (some or {0}) else f"http://n.example/{node}"

    found = joins(facts(tmp_path, text, "a.nt", hops=hops, links={"path": "links.csv"}))
    assert found == {(called(s), str(p), called(o)) for s, p, o in kept}
