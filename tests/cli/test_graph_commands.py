"""`graph check` and `graph query` from the outside."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
import pytest
import rdflib

from cli.graph_check import HELP as SHAPES
from cli.graph_query import HELP
from cli.main import DONE, FAILED, WRONG
from kg.checks import CHECKS
from tests.cli.conftest import ITEMS, Ask, Shop

FLIPPED = (
    "config.json", "graph/all/edges.safetensors", "graph/manifest.json", "ingest/tables/items.parquet",
    "serve/recipe.json",
)  # fmt: skip


def test_a_sound_workspace_passes(made: Shop, cartograph: Ask) -> None:
    answer = cartograph("graph", "check", "-w", made.workspace, "--json")
    assert answer.code == DONE
    assert set(answer.json) == {"checks", "passed"}
    assert [row["name"] for row in answer.json["checks"]] == [*CHECKS]
    assert answer.json["passed"] is True
    told = cartograph("graph", "check", "-w", made.workspace)
    assert "Passed." in told.out


@pytest.mark.parametrize("file", FLIPPED)
def test_a_flipped_byte_is_found(shop: Shop, cartograph: Ask, file: str) -> None:
    path = shop.workspace / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    answer = cartograph("graph", "check", "-w", shop.workspace, "--json")
    assert answer.code == FAILED
    assert answer.json["passed"] is False
    assert answer.json["checks"][0]["examples"] == [str(path)]
    told = cartograph("graph", "check", "--shapes", "shop", "-w", shop.workspace)
    assert "Not passed" in told.out
    assert str(path) in told.out
    assert "shapes" in told.out.partition("Not checked: ")[2]
    assert ("Not checked: leakage" in told.out) == file.startswith("graph")


@pytest.mark.parametrize("ending", ["ttl", "nt", "graphml"])
def test_a_graph_is_exported(made: Shop, cartograph: Ask, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"graph.{ending}"
    answer = cartograph("graph", "export", "--out", path, "-w", made.workspace, "--json")
    assert answer.json == {"files": [str(path)]}
    assert path.stat().st_size > 1000


def test_a_graph_is_not_exported_to_what_there_is_not(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    answer = cartograph("graph", "export", "--out", tmp_path / "graph.xml", "-w", made.workspace)
    assert answer.code == WRONG
    assert ".graphml" in answer.err


def test_shapes_are_checked_too(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    check = ("graph", "check", "-w", made.workspace)
    shapes = tmp_path / "cheap.ttl"
    shapes.write_text(SHAPES.partition("\b\n")[2])
    told = cartograph(*check, "--shapes", shapes, "--json")
    assert told.code == DONE
    assert told.json["checks"][-1]["name"] == "shapes of cheap.ttl"
    shapes.write_text(shapes.read_text().replace("500.0", "5.0"))
    told = cartograph(*check, "--shapes", shapes, "--shapes", "shop", "--json")
    assert told.code == FAILED
    assert told.json["passed"] is False
    (found,) = (row for row in told.json["checks"] if row["name"] == "shape feature:price")
    assert found["results"][0].keys() == {"type", "id", "node", "path", "value", "message"}
    assert all(float(each["value"]) >= 5 for each in found["results"])
    shown = cartograph(*check, "--shapes", shapes)
    assert "Not passed" in shown.out
    assert f"({found['results'][0]['type']}:" in shown.out
    shapes.write_text("<urn:s> a <urn:")
    wrong = cartograph(*check, "--shapes", shapes, "--json")
    assert (wrong.code, wrong.json["error"]["row"]) == (WRONG, 1)


def test_there_must_be_a_graph_to_check(cartograph: Ask, tmp_path: Path) -> None:
    answer = cartograph("graph", "check", "-w", tmp_path)
    assert answer.code == WRONG
    assert "cartograph run" in answer.err


def test_the_example_of_the_help_works_as_it_stands(made: Shop, cartograph: Ask) -> None:
    name, *words = shlex.split(HELP.partition("\b\n")[2])
    assert name == "cartograph"
    found = cartograph(*words, "-w", made.workspace, "--json").json
    assert found["columns"] == ["item", "title", "buyers"]
    log = pd.read_csv(made.folder / "files" / "events.csv")
    bought = log[log["event_type"] == "purchase"].groupby("item_id")["user_id"].nunique()
    assert [row["buyers"] for row in found["rows"]] == sorted(bought, reverse=True)[:5]
    assert "node:item:P0" in cartograph(*words, "-w", made.workspace).out


def test_every_form_of_query(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    ask = ("graph", "query", "-w", made.workspace)
    items = tmp_path / "items.rq"
    items.write_text("SELECT (COUNT(?item) AS ?n) { ?item a type:item }")
    assert cartograph(*ask, "--file", items, "--json").json == {"columns": ["n"], "rows": [{"n": ITEMS}], "cut": False}
    assert cartograph(*ask, "ASK { ?item relation:brand ?brand }", "--without-events").out == "true\n"
    assert cartograph(*ask, "ASK { ?e cg:time ?at }", "--times", "--json").json == {"truth": True}
    bound = ("--bind", "?item=node:item:P000001")
    turtle = cartograph(*ask, "DESCRIBE ?item { ?item a type:item }", *bound).out
    told = rdflib.Graph().parse(data=turtle, format="turtle")
    assert {str(node) for node in told.subjects()} == {"urn:cartograph:node:item:P000001"}


def test_a_cut_is_told(made: Shop, cartograph: Ask) -> None:
    answer = cartograph("graph", "query", "SELECT ?s { ?s a type:item }", "--limit", 2, "-w", made.workspace)
    assert "2 rows" in answer.out
    assert "Cut at 2" in answer.err


def test_answers_become_files(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    ask = ("graph", "query", "-w", made.workspace)
    mixed = 'SELECT ?x { VALUES ?x { "=1+1" "@a" "plain" -2 } }'
    for ending, wanted in (("csv", ["'=1+1", "'@a", "plain", "-2"]), ("parquet", ["=1+1", "@a", "plain", "-2"])):
        path = tmp_path / f"x.{ending}"
        assert cartograph(*ask, mixed, "--out", path).out == f"{path}\n"
        read = pd.read_csv(path) if ending == "csv" else pd.read_parquet(path)
        assert sorted(read["x"]) == sorted(wanted)
        nothing = cartograph(*ask, "SELECT ?none ?at_all { ?none a ?at_all . FILTER(false) }", "--out", path)
        assert nothing.code == DONE
        assert list((pd.read_csv if ending == "csv" else pd.read_parquet)(path)) == ["none", "at_all"]
    path = tmp_path / "x.ttl"
    assert cartograph(*ask, "CONSTRUCT { ?s a ?o } WHERE { ?s a ?o }", "--out", path).code == DONE
    assert len(rdflib.Graph().parse(path)) > ITEMS


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["SELECT ?x {"], WRONG, "row 1, column 12"),
        (["SELECT * { SERVICE <http://127.0.0.1/> {} }"], WRONG, "SERVICE is refused"),
        (["DELETE WHERE { ?s ?p ?o }"], WRONG, "DELETE is no query"),
        ([], WRONG, "say what to ask"),
        (["ASK {}", "--file", "x.rq"], WRONG, "not both"),
        (["--file", "missing.rq"], WRONG, "missing.rq"),
        (["ASK {}", "--out", "x.txt"], WRONG, ".csv, .parquet or .ttl"),
        (["ASK {}", "--out", "x.csv"], WRONG, "does not fit"),
        (["ASK {}", "--bind", "x"], WRONG, "NAME=VALUE"),
        (["SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }", "--timeout", "0.3"], FAILED, "--timeout"),
    ],
)
def test_a_wrong_query_is_told_what_is_wrong(
    made: Shop, cartograph: Ask, words: list[str], code: int, told: str
) -> None:
    answer = cartograph("graph", "query", *words, "-w", made.workspace, "--json")
    assert answer.code == code
    assert told in answer.err
    assert answer.json["error"]["problem"]
