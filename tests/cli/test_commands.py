"""What scripts may rely on: the JSON of every command, and that the commands agree with one another."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from cli.main import COMMANDS, DONE
from kg.customers import FEWEST
from recsys.stages import remembered
from recsys.workspace import Workspace
from tests.cli.conftest import EVENTS, ITEMS, USERS, Answer, Ask, Shop

USER = "U0000001"


def test_a_run_tells_its_stages_and_figures(made: Shop) -> None:
    assert [stage["name"] for stage in made.document["stages"]] == ["ingest", "graph", "train", "evaluate", "serve"]
    for stage in made.document["stages"]:
        assert set(stage) == {"name", "seconds", "peak_mb", "skipped"}
        assert stage["skipped"] is False
        assert stage["peak_mb"] > 0
    assert made.document["evaluation"] == made.document["protocols"]["exclude"]
    assert "</html>" in Path(made.document["report"]).read_text(encoding="utf-8")


def test_a_second_run_skips_every_stage(shop: Shop, cartograph: Ask) -> None:
    again = cartograph("run", "-w", shop.workspace, "--json", "--quiet")
    assert again.code == 0
    assert again.err == ""
    assert [stage["skipped"] for stage in again.json["stages"]] == [True] * 5
    assert again.json["evaluation"] == json.loads(json.dumps(shop.document["evaluation"]))


def test_only_what_depends_on_a_change_is_made_again(shop: Shop, cartograph: Ask) -> None:
    def skipped(*words: object) -> list[bool]:
        document = cartograph("run", *words, "-w", shop.workspace, "--json").json
        return [stage["skipped"] for stage in document["stages"]]

    text = shop.config.read_text()
    changed = shop.folder / "changed.toml"
    text = text.replace('path = "', 'path = "files/').replace('"taxonomy.ttl"', '"files/taxonomy.ttl"')
    changed.write_text(text + "\n[scorers.popularity]\n[scorers.repeat]\n")
    cartograph("run", changed, "-w", shop.workspace, "--json")
    with changed.open("a") as file:
        file.write("\n[evaluation]\nresamples = 100\n")
    assert skipped(changed) == [True, True, False, False, False]
    with changed.open("a") as file:
        file.write("\n[split]\ntest_share = 0.2\n")
    assert skipped(changed) == [True, False, False, False, False]


def test_ingest(made: Shop, cartograph: Ask) -> None:
    report = cartograph("ingest", "-w", made.workspace, "--json").json
    assert report["rows_read"] == EVENTS
    told = {"rows_read", "events", "users", "items", "rules", "rejected", "rejects", "rejects_file", "checks", "facts"}
    assert set(report) == told
    assert set(report["rules"][0]) == {"name", "rows", "removed"}


def test_graph_stats(made: Shop, cartograph: Ask) -> None:
    counted = cartograph("graph", "stats", "-w", made.workspace, "--json").json
    assert set(counted) == {"nodes", "relations", "hash", "bytes"}
    assert counted["nodes"]["user"] == USERS
    assert {"source", "name", "target", "edges"} == set(counted["relations"][0])
    assert cartograph("graph", "build", "-w", made.workspace, "--json").json == counted


def test_graph_walks(made: Shop, cartograph: Ask) -> None:
    walks = cartograph("graph", "path", f"user:{USER}", "user:U0000002", "-n", 3, "-w", made.workspace, "--json").json
    assert walks
    assert all(len(walk["nodes"]) == len(walk["relations"]) + 1 for walk in walks)
    beside = cartograph("graph", "neighbours", f"user:{USER}", "-w", made.workspace, "--json").json
    assert {"relation", "type", "edges", "nodes", "top"} == set(beside[0])


def test_graph_walks_count_other_customers(made: Shop, cartograph: Ask) -> None:
    first, second = "item:P000001", "item:P000002"
    found = cartograph("graph", "neighbours", first, "-w", made.workspace, "--json").json
    buyers = next(part for part in found if part["relation"] == "rev_purchase")
    assert buyers["top"] == []
    assert buyers["nodes"] is None or buyers["nodes"] >= FEWEST
    for place in ("neighbours", first), ("path", first, second), ("path", first, f"user:{USER}"):
        told = cartograph("graph", *place, "-w", made.workspace, "--json").out
        assert {*re.findall(r"U\d{7}", told)} <= ({USER} if place[-1].endswith(USER) else set())


@pytest.mark.parametrize("ending", ["html", "svg", "png"])
def test_graph_view(made: Shop, cartograph: Ask, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"graph.{ending}"
    for node in ((), ("item:P000001", "--hops", 2, "--limit", 20)):
        answer = cartograph("graph", "view", *node, f"--{ending}", path, "-w", made.workspace, "--json")
        assert answer.json == {"files": [str(path)]}
        assert path.stat().st_size > 1000


def test_train(made: Shop, cartograph: Ask) -> None:
    learned = cartograph("train", "-w", made.workspace, "--json").json
    assert learned["scorers"][-1]["name"] == "fusion"
    for row in learned["scorers"]:
        assert {"name", "seconds", "peak_mb", "validation"} == set(row)
        assert 0 <= row["validation"]["ndcg@10"] <= 1


def test_train_some_scorers(shop: Shop, cartograph: Ask) -> None:
    """They are tried out: what the workspace remembers, has trained and serves stays as it is."""
    before = {path: path.read_bytes() for path in shop.workspace.rglob("*.json")}
    tried = cartograph("train", "popularity", "ease", "-w", shop.workspace, "--json", "--seed", 7)
    assert [row["name"] for row in tried.json["scorers"]] == ["popularity", "ease", "fusion"]
    assert "stay as they were" in tried.err
    assert {path: path.read_bytes() for path in before} == before
    assert "unchanged" in cartograph("train", "popularity", "ease", "--seed", 7, "-w", shop.workspace).err
    again = cartograph("run", "-w", shop.workspace, "--json")
    assert [stage["skipped"] for stage in again.json["stages"]] == [True] * 5


@pytest.mark.parametrize("repeats", ["include", "exclude"])
def test_evaluate(made: Shop, cartograph: Ask, repeats: str) -> None:
    judged = cartograph("evaluate", "--repeats", repeats, "-w", made.workspace, "--json").json
    assert judged["protocol"]["repeats"] == repeats
    assert set(judged["fused_vs_best"]) >= {"difference", "low", "high", "p"}
    assert judged["scorers"][-1]["name"] == "fusion"
    assert set(judged["scorers"][0]["metrics"]["ndcg@10"]) == {"mean", "low", "high"}


def test_evaluate_at_other_lengths_trains_nothing(shop: Shop, cartograph: Ask) -> None:
    judged = cartograph("evaluate", "--k", "5", "-w", shop.workspace, "--json")
    assert "ndcg@5" in judged.json["scorers"][0]["metrics"]
    assert "train     unchanged" in judged.err


RULES = """
[explanations]
sensitive = ["age_band"]

[[rerank]]
step = "diversity"
name = "mixture"
weight = 0.8

[[rerank]]
step = "pin"
items = ["{item}"]
"""


def test_re_ranked_lists_are_costed_and_told(shop: Shop, cartograph: Ask) -> None:
    item = cartograph("recommend", USER, "-k", 9, "-w", shop.workspace, "--json").json[-1]["item_id"]
    text = (
        shop.config.read_text().replace('path = "', 'path = "files/').replace('"taxonomy.ttl"', '"files/taxonomy.ttl"')
    )
    changed = shop.folder / "changed.toml"
    quick = "\n[scorers.popularity]\n[scorers.ease]\n"
    changed.write_text(text + quick + RULES.format(item=item))
    judged = cartograph("run", changed, "-w", shop.workspace, "--json").json["evaluation"]
    found = judged["reranking"]
    assert [step["name"] for step in found["steps"]] == ["mixture", "pin"]
    assert {"ndcg@10", "difference", "low", "high", "p", "changed", "places"} <= set(found["steps"][0])
    assert found["before"] == pytest.approx(judged["scorers"][-1]["metrics"]["ndcg@10"]["mean"])
    printed = cartograph("evaluate", "-w", shop.workspace).out
    assert "Re-ranked" in printed
    assert "mixture" in printed

    asked = ("-w", shop.workspace, "--repeats", "include")
    first, *others = cartograph("recommend", USER, *asked, "--json").json
    assert (first["item_id"], first["rank"]) == (item, 1)
    assert first["rank_before"] - first["moved_by_mixture"] - first["moved_by_pin"] == 1
    assert "pin" in cartograph("recommend", USER, *asked).out
    assert "rank_before" not in cartograph("recommend", USER, *asked, "--plain", "--json").json[0]
    tried = cartograph("recommend", USER, *asked, "--json", "--rerank", "cap attribute = 'brand', most = 1").json
    assert "moved_by_cap" in tried[0]

    told = cartograph("explain", USER, item, *asked, "--json").json
    assert (told["rank"], told["moves"][-1]["to"]) == (1, 1)
    assert any("by the pin rule" in line for line in told["text"])
    last = others[-1]["item_id"]
    above = cartograph("explain", USER, item, "--above", last, *asked, "--json").json
    assert (above["first"]["rank"], above["question"], above["exact"]) == (1, "why_above", True)
    below = cartograph("explain", USER, last, "--why-not", "-k", 2, *asked, "--json").json
    assert (below["standing"], below["rival"]["rank"]) == ("below the list", 2)
    assert "stands at place" in cartograph("explain", USER, last, "--why-not", "-k", 2, *asked).out
    bringing = cartograph("explain", last, "--history", item, "--bring", "-k", 2, *asked, "--plain", "--json").json
    assert bringing["question"] == "would_bring"
    holding = cartograph("explain", USER, first["item_id"], "--without", "--plain", "-k", ITEMS, *asked, "--json").json
    assert {"without", "rank_after", "exact"} <= set(holding)

    changed.write_text(
        text + quick + RULES.format(item=item) + '\n[[rerank]]\nstep = "bury"\nnodes = ["item:' + item + '"]\n'
    )
    wrong = cartograph("run", changed, "-w", shop.workspace)
    assert wrong.code == 2
    assert "contradict one another" in wrong.err
    changed.write_text(text + quick + '[explanations]\nsensitive = ["age_bnad"]\n')
    wrong = cartograph("run", changed, "-w", shop.workspace)
    assert wrong.code == 2
    assert "Did you mean 'age_band'" in wrong.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("recommend", USER, "--rerank", "diversty"), "Did you mean 'diversity'"),
        (("recommend", USER, "--rerank", "cap most = ["), "cannot be read"),
        (("recommend", USER, "--rerank", "diversity", "--plain"), "--rerank or --plain"),
        (("explain", USER, "I000001", "--why-not", "--bring"), "several questions"),
    ],
)
def test_what_cannot_be_asked_is_told(made: Shop, cartograph: Ask, words: tuple[str, ...], told: str) -> None:
    answer = cartograph(*words, "-w", made.workspace)
    assert answer.code == 2
    assert told in answer.err


def test_evaluate_explanations(shop: Shop, cartograph: Ask) -> None:
    asked = ("evaluate", "--explanations", "--pairs", 12, "--repeats", "include", "-w", shop.workspace)
    found = cartograph(*asked, "--json")
    judged = found.json
    assert {"protocol", "scorers", "explanations"} <= set(judged)
    measured = judged["explanations"]
    assert (measured["pairs"], measured["k"], measured["repeats"]) == (12, 10, "include")
    assert [row["name"] for row in measured["by_scorer"]] == [row["name"] for row in judged["scorers"]]
    for row in measured["by_scorer"]:
        assert row["exact"]
        assert not row["pairs"] or row["completeness"] == 1
    again = cartograph(*asked)
    assert "explain   unchanged" in again.err
    assert "Explanations of lists of 10, repeats included, 12 places drawn" in again.out
    assert "<h2>The explanations</h2>" in shown(again)


@pytest.fixture
def few(shop: Shop, cartograph: Ask) -> Shop:
    """A shop with few scorers, of which some speak in paths and some in links."""
    config = shop.config.resolve().with_name("few.toml")
    scorers = "\n".join(f"{name} = {{}}" for name in ("popularity", "repeat", "ease", "walks"))
    config.write_text(f"{shop.config.read_text()}\n[scorers]\n{scorers}\n")
    assert cartograph("run", config, "-w", shop.workspace, "--quiet").code == DONE
    return shop


def test_evaluate_frontier(few: Shop, cartograph: Ask) -> None:
    asked = ("evaluate", "--frontier", "--repeats", "include", "--k", 5, "-w", few.workspace)
    points = cartograph(*asked, "--json").json["frontier"]
    assert [point["floor"] for point in points] == sorted({point["floor"] for point in points})
    assert all(0 <= point["path_share"] <= 1 for point in points)
    assert all("ndcg@5" in point["metrics"] for point in points)
    assert points[-1]["path_share"] > points[0]["path_share"]
    again = cartograph(*asked)
    assert "frontier  unchanged" in again.err
    page = shown(again)
    assert "<h2>Accuracy against reasons</h2>" in page
    assert "Paths of the graph tell" in page
    assert "<h2>The explanations</h2>" not in page
    both = shown(cartograph("evaluate", "--explanations", "--pairs", 5, *asked[2:]))
    assert "<h2>Accuracy against reasons</h2>" in both, "what was measured before is lost"
    assert "<h2>The explanations</h2>" in both
    other = shown(cartograph("evaluate", "--explanations", "--pairs", 5, "-w", few.workspace))
    assert "<h2>Accuracy against reasons</h2>" not in other, "what is told is of another evaluation"


def shown(answer: Answer) -> str:
    """The one page that a command names."""
    (path,) = re.findall("with pictures: (.+)", answer.out)
    return Path(path).read_text(encoding="utf-8")


def test_a_floor_of_path_share_is_kept_and_served(few: Shop, cartograph: Ask) -> None:
    workspace = few.workspace
    free = cartograph("evaluate", "-w", workspace, "--json").json["path_share"]
    held = cartograph("evaluate", "--path-share", 0.8, "-w", workspace, "--json").json["path_share"]
    assert (free["floor"], held["floor"]) == (0, 0.8)
    assert held["fusion"] > free["fusion"]
    run = cartograph("run", "-w", workspace, "--json")
    assert "train     unchanged" in run.err
    assert run.json["evaluation"]["path_share"] == held


def test_recommend_and_explain_agree(made: Shop, cartograph: Ask) -> None:
    listed = cartograph("recommend", USER, "-k", 5, "-w", made.workspace, "--json").json
    assert [row["rank"] for row in listed] == [1, 2, 3, 4, 5]
    assert set(listed[0]) == {"user_id", "item_id", "rank", "title", "score"}
    for row in listed:
        told = cartograph("explain", USER, row["item_id"], "-w", made.workspace, "--json").json
        assert set(told) >= {"user_id", "item_id", "rank", "score", "path_share", "additive", "contributions", "text"}
        assert told["rank"] == row["rank"]
        assert told["score"] == pytest.approx(row["score"], rel=1e-4)
        assert sum(part["value"] for part in told["contributions"]) == pytest.approx(told["score"], rel=1e-5)
        assert told["text"]


def test_a_guest_is_served_and_told_why(made: Shop, cartograph: Ask) -> None:
    history = "P000001,P000002"
    listed = cartograph("recommend", "--history", history, "-w", made.workspace, "--json").json
    assert len(listed) == 10
    assert not {"P000001", "P000002"} & {row["item_id"] for row in listed}
    best = listed[0]["item_id"]
    told = cartograph("explain", best, "--history", history, "-w", made.workspace, "--json").json
    assert told["user_id"] is None
    assert told["rank"] == 1


def test_many_users_to_files(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    names = tmp_path / "users.txt"
    names.write_text(f"{USER}\nU0000002\n")
    csv, parquet = tmp_path / "two.csv", tmp_path / "all.parquet"
    assert cartograph("recommend", "--users", names, "-k", 3, "--out", csv, "-w", made.workspace).code == 0
    assert list(pd.read_csv(csv)["user_id"]) == [USER] * 3 + ["U0000002"] * 3
    assert cartograph("recommend", "--all", "-k", 3, "--out", parquet, "-w", made.workspace).code == 0
    assert pd.read_parquet(parquet)["user_id"].nunique() == USERS


def test_filters(made: Shop, cartograph: Ask) -> None:
    items = pd.read_csv(made.folder / "files" / "items.csv").set_index("item_id")
    ask = ("recommend", USER, "-w", made.workspace, "--json")
    cheap = cartograph(*ask, "--price-min", 10, "--price-max", 30).json
    assert items.loc[[row["item_id"] for row in cheap], "price"].between(10, 30).all()
    there = cartograph(*ask, "--available", "-k", 200).json
    assert items.loc[[row["item_id"] for row in there], "available"].all()
    category = items["category"].iloc[0]
    of_kind = cartograph(*ask, "--category", category).json
    assert set(items.loc[[row["item_id"] for row in of_kind], "category"]) == {category}
    bought = set(events_of(made, USER))
    assert not bought & {row["item_id"] for row in cartograph(*ask, "-k", 200).json}
    assert bought & {row["item_id"] for row in cartograph(*ask, "-k", 200, "--repeats", "include").json}


def test_users_are_answered_once(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    once = cartograph("recommend", USER, "-k", 3, "-w", made.workspace, "--json").json
    assert cartograph("recommend", USER, USER, "-k", 3, "-w", made.workspace, "--json").json == once
    names = tmp_path / "users.txt"
    names.write_text(f"\ufeff{USER}\n\n {USER} \n")
    assert cartograph("recommend", "--users", names, "-k", 3, "-w", made.workspace, "--json").json == once
    names.write_text(f"{USER}\n\nnull\n")
    unknown = cartograph("recommend", "--users", names, "-w", made.workspace, "--json").json["error"]
    assert (unknown["problem"], unknown["row"], unknown["value"]) == ("no such user in the graph", 3, "null")
    assert unknown["file"] == str(names)


def events_of(shop: Shop, user: str) -> list[str]:
    log = pd.read_csv(shop.folder / "files" / "events.csv")
    return list(log[(log["user_id"] == user) & (log["event_type"] == "purchase")]["item_id"])


def test_similar(made: Shop, cartograph: Ask) -> None:
    log = pd.read_csv(made.folder / "files" / "events.csv")
    popular = log["item_id"].value_counts().index[0]
    found = cartograph("similar", popular, "-w", made.workspace, "--json").json
    assert found
    assert {"item_id", "rank", "title", "score", "kind"} == set(found[0])
    assert {row["kind"] for row in found} <= {"alternative", "complement"}


@pytest.mark.parametrize("ending", ["html", "svg", "png"])
def test_an_explanation_is_drawn(made: Shop, cartograph: Ask, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"why.{ending}"
    assert cartograph("explain", USER, "P000001", f"--{ending}", path, "-w", made.workspace).code == 0
    assert path.stat().st_size > 1000


def test_as_many_paths_are_drawn_as_asked(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    sizes = []
    for paths in (1, 2):
        file = tmp_path / f"{paths}.html"
        cartograph("explain", USER, "P000001", "--html", file, "--paths", paths, "-w", made.workspace)
        sizes.append(file.read_text(encoding="utf-8").count("<div><i"))
    assert sizes[1] == sizes[0] + 1


@pytest.mark.parametrize(
    ("what", "files"),
    [
        ("tables", ["events.parquet", "facts.parquet", "items.parquet", "users.parquet"]),
        ("embeddings", ["lightgcn.parquet", "lightgcn.npy", "lightgcn.html"]),
        ("graph", ["graph.ttl", "nodes.parquet", "edges.parquet"]),
    ],
)
def test_export(made: Shop, cartograph: Ask, tmp_path: Path, what: str, files: list[str]) -> None:
    written = cartograph("export", what, "--out", tmp_path, "-w", made.workspace, "--json").json
    assert written == {"files": [str(tmp_path / name) for name in files]}
    assert all((tmp_path / name).stat().st_size for name in files)


def test_people_get_tables(made: Shop, cartograph: Ask) -> None:
    commands = [
        ("ingest",), ("graph", "stats"), ("graph", "neighbours", f"user:{USER}"), ("train",), ("evaluate",), ("run",),
        ("graph", "path", f"user:{USER}", "item:P000001"), ("recommend", USER), ("similar", "P000001"),
        ("explain", USER, "P000001"),
    ]  # fmt: skip
    for words in commands:
        answer = cartograph(*words, "-w", made.workspace)
        assert answer.code == 0, answer.err
        assert answer.out.strip()


def test_help_is_quick_to_import() -> None:
    """No command imports its work before it is called."""
    probe = "import sys; from cli.main import application; application(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "torch", "scipy", "duckdb", "ibis", "pyarrow", "altair", "pydantic"} & set(loaded)


@pytest.mark.parametrize("command", [*COMMANDS])
def test_every_command_has_the_common_options(command: str) -> None:
    words = [command, "stats", "--help"] if command == "graph" else [command, "--help"]
    probe = f"import sys; from cli.main import run; sys.exit(run({words!r}))"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout
    for option in ("--workspace", "--json", "--seed", "--threads", "--device", "--quiet"):
        assert option in told


def test_demo_from_the_outside(tmp_path: Path) -> None:
    command = [
        str(Path(sys.executable).parent / "cartograph"),
        "demo",
        "--users",
        "150",
        "--items",
        "100",
        "--events",
        "5000",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "cartograph explain" in done.stdout
    assert (tmp_path / "demo-shop" / "events.csv").exists()


def test_what_is_served_stays_whole_and_says_that_it_is_old(shop: Shop, cartograph: Ask) -> None:
    config = shop.folder / "quick.toml"
    text = shop.config.read_text().replace('path = "', 'path = "files/')
    config.write_text(text.replace('"taxonomy.ttl"', '"files/taxonomy.ttl"') + "\n[scorers.popularity]\n")
    before = cartograph("recommend", USER, "-w", shop.workspace, "--json")
    assert "last training" not in before.err
    assert cartograph("graph", "build", config, "-w", shop.workspace).code == 0
    assert cartograph("train", "-w", shop.workspace).code == 0
    after = cartograph("recommend", USER, "-w", shop.workspace, "--json")
    assert after.json == before.json
    assert "before the last training" in after.err
    assert cartograph("recommend", USER, "-w", shop.workspace, "--quiet").err == ""
    assert cartograph("run", "-w", shop.workspace).code == 0
    assert "last training" not in cartograph("recommend", USER, "-w", shop.workspace).err


def test_a_workspace_remembers_its_seed(shop: Shop, cartograph: Ask) -> None:
    def kept() -> int:
        return remembered(Workspace(shop.workspace)).seed

    for words, seed in ((("--seed", 7), 7), ((), 7), (("--seed", 8), 8)):
        cartograph("graph", "build", *words, "-w", shop.workspace)
        assert kept() == seed


def test_ones_own_file_from_init_to_a_reason(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    files = made.folder / "files"
    config = tmp_path / "shop.toml"
    words = ("--events", files / "events.csv", "--items", files / "items.csv", "--out", config)
    found = cartograph("init", *words, "--json").json
    assert found["config"] == str(config)
    assert found["mapping"]["event_type"] == "kind"
    with config.open("a") as file:
        file.write("\n[scorers.ease]\n[scorers.popularity]\n")
    workspace = tmp_path / "workspace"
    assert cartograph("run", config, "-w", workspace).code == 0
    best = cartograph("recommend", USER, "-k", 1, "-w", workspace, "--json").json[0]["item_id"]
    assert cartograph("explain", USER, best, "-w", workspace, "--json").json["rank"] == 1
    assert cartograph("init", *words).code == 2  # never over a file that is there


def test_a_log_without_a_config_is_guessed(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    log = made.folder / "files" / "events.csv"
    told = cartograph("ingest", "--events", log, "-w", tmp_path / "workspace", "--json").json
    assert told["events"]["purchase"] > 0


def test_other_files_are_looked_for_beside_the_log(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    elsewhere = tmp_path / "configs" / "demo.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text(made.config.read_text())
    words = ("ingest", elsewhere, "--events", made.folder / "files" / "events.csv", "--json")
    told = cartograph(*words, "-w", tmp_path / "workspace").json
    assert told["events"] == cartograph("ingest", "-w", made.workspace, "--json").json["events"]
    items = pd.read_parquet(tmp_path / "workspace" / "ingest" / "tables" / "items.parquet")
    assert len(items) == ITEMS


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_enrich(made: Shop, cartograph: Ask, tmp_path: Path, form: str) -> None:
    words = tmp_path / "words.toml"
    words.write_text('shade = ["white", "red"]\n')
    asked = ("enrich", "-w", made.workspace, "--vocabulary", words, "--text", "title", "--out", tmp_path / "out")
    report = cartograph(*asked, "--format", form, "--json").json
    assert set(report) == {"items", "attributes", "relations", "files"}
    assert [Path(file).name for file in report["files"]] == [f"{name}.{form}" for name in ("items", "facts", "rules")]
    read = pd.read_csv if form == "csv" else pd.read_parquet
    items, facts, rules = (read(file) for file in report["files"])
    assert len(items) == report["items"]
    shares = {row["attribute"]: row for row in report["attributes"]}
    assert 0 == shares["shade"]["before"] < shares["shade"]["after"] == items["shade"].notna().mean()
    assert {"head", "relation", "tail", "confidence", "provenance", "time"} <= set(facts)
    assert {"support", "confidence", "lift", "conviction"} <= set(rules)
    assert sum(row["rules"] for row in report["relations"]) == len(rules)


def test_enrich_as_rdf_without_rules(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    answer = cartograph("enrich", "-w", made.workspace, "--relations", "none", "--format", "nt", "--out", tmp_path)
    assert "popularity_band" in answer.out
    text = (tmp_path / "items.nt").read_text()
    assert "relation:popularity_band" in text
    assert USER not in text


def test_enrich_with_a_relation_that_there_is_not(made: Shop, cartograph: Ask, tmp_path: Path) -> None:
    answer = cartograph("enrich", "-w", made.workspace, "--relations", "bougt_together", "--out", tmp_path)
    assert answer.code == 2
    assert "Did you mean 'bought_together'" in answer.err
