from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kg
from kg.config import Split
from kg.published.data import Published
from kg.published.forms import read
from recsys import benchmark_table
from recsys.benchmark import Benchmark, Outcome, contenders
from recsys.errors import RecsysError
from recsys.exam import Exam
from recsys.scorers import DEFAULT
from recsys.scorers.item_knn import ItemKNN
from recsys.study import Budget
from recsys.windows import Window
from tests.kg.published.files import kgat

SCORERS: dict[str, dict[str, Any]] = {"popularity": {}, "item_knn": {}}
N_USERS, N_ITEMS = 40, 30


@pytest.fixture
def data(tmp_path: Path) -> Published:
    """Even users like the first half of the items, odd ones the second; one user and one item are in test alone."""
    rng = np.random.default_rng(0)
    parts: dict[str, list[str]] = {"train": [], "test": []}
    for user in range(N_USERS):
        liked = rng.permutation(N_ITEMS // 2) + user % 2 * N_ITEMS // 2
        parts["train"].append(f"{user} {' '.join(map(str, liked[:8]))}")
        parts["test"].append(f"{user} {' '.join(map(str, liked[8:11]))}")
    parts["test"] += [f"{N_USERS} 0", f"0 {N_ITEMS}"]
    return read(kgat(tmp_path / "two-halves", **{name: "\n".join(lines) for name, lines in parts.items()}))


def outcomes(data: Published, folder: Path, **given: Any) -> list[Outcome]:
    return list(Benchmark(data, given.pop("scorers", SCORERS), folder / "kept", **given).run())


def test_a_row_per_scorer_and_seed_the_fusion_last(data: Published, tmp_path: Path) -> None:
    rows = [outcome.row for outcome in outcomes(data, tmp_path, seeds=(3, 4))]
    names = ["popularity", "item_knn", "fusion"]
    assert [(row["scorer"], row["seed"]) for row in rows] == [(name, seed) for seed in (3, 4) for name in names]
    for row in rows:
        assert list(row["metrics"])[:2] == ["recall@20", "ndcg@20"]
        assert row["metrics"]["ndcg@10"]["low"] <= row["metrics"]["ndcg@10"]["high"]
        assert min(row["fit_seconds"], row["users_per_second"], row["peak_mb"]) > 0
    popularity, knn, fusion = (row["metrics"]["ndcg@10"]["mean"] for row in rows[:3])
    assert knn > 1.2 * popularity
    assert fusion > 1.2 * popularity
    assert rows[2]["best_single"] == "item_knn"
    json.dumps(rows)


def test_attributes_call_for_scorers_that_know_them(data: Published) -> None:
    window = Exam(data, 0).validation
    assert tuple(contenders(window)) == (*DEFAULT, "polynomial")
    facts = pd.DataFrame([("0", "genre", "drama")], columns=["head", "relation", "tail"])
    events = pd.DataFrame([("0", "0")], columns=["user_id", "item_id"])
    known = kg.build(kg.Tables.of(events=events, facts=facts.assign(head_type="item", tail_type="genre")))
    assert tuple(contenders(replace(window, graph=known))) == (*DEFAULT, "polynomial", "attribute_ease")
    hidden = replace(window.holdout, candidates=np.ones(1, dtype=bool))
    assert tuple(contenders(Window(window.graph, hidden))) == ("popularity",)
    assert {"content_knn", "attribute_ials", "lightgcn"} < set(contenders(Window(known, hidden)))


def test_who_is_in_test_alone_is_counted_and_stands_apart(data: Published, tmp_path: Path) -> None:
    told = Benchmark(data, SCORERS, tmp_path).to_json()
    assert (told["users_only_in_test"], told["items_only_in_test"], told["pairs_in_train_and_test"]) == (1, 1, 0)
    assert "cold_users" in outcomes(data, tmp_path)[0].row["groups"]


def test_what_is_finished_is_kept(data: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ItemKNN, "fit", broken)
        with pytest.raises(KeyboardInterrupt):
            outcomes(data, tmp_path)
    resumed = outcomes(data, tmp_path)
    assert [outcome.stage and outcome.stage.skipped for outcome in resumed] == [True, False, False]
    monkeypatch.setattr(ItemKNN, "fit", broken)
    again = outcomes(data, tmp_path)
    assert [outcome.row for outcome in again] == [outcome.row for outcome in resumed]


def test_other_parameters_are_another_result(data: Published, tmp_path: Path) -> None:
    outcomes(data, tmp_path)
    found = outcomes(data, tmp_path, scorers=SCORERS | {"item_knn": {"k": 3}})
    assert [outcome.stage and outcome.stage.skipped for outcome in found] == [True, False, False]
    assert found[1].row["parameters"]["k"] == 3


def test_other_data_are_another_result(data: Published, tmp_path: Path) -> None:
    outcomes(data, tmp_path)
    changed = kgat(tmp_path / "two-halves", train=data.files[0].read_text() + "\n50 1 2 3\n", test="50 4\n0 20\n")
    assert not any(outcome.stage and outcome.stage.skipped for outcome in outcomes(read(changed), tmp_path))


@pytest.mark.parametrize("error", [RecsysError("it needs 9 GiB", bad_input=False), MemoryError()])
def test_a_scorer_that_does_not_fit_memory_is_told_and_the_others_go_on(
    data: Published, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def too_large(*_: Any) -> None:
        raise error

    scorers = {**SCORERS, "ials": {"n_factors": 8}}
    with monkeypatch.context() as patch:
        patch.setattr(ItemKNN, "fit", too_large)
        found = outcomes(data, tmp_path, scorers=scorers)
    failed = found[1].row
    assert failed["metrics"] == {}
    assert ("9 GiB" if isinstance(error, RecsysError) else "too little memory") in failed["error"]
    assert [outcome.scorer for outcome in found] == ["popularity", "item_knn", "ials", "fusion"]
    assert set(found[-1].row["weights"]) == {"popularity", "ials"}
    assert outcomes(data, tmp_path, scorers=scorers)[1].stage  # it is tried again, there may be more memory now


def test_a_mistake_in_what_was_given_stops(data: Published, tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="shrinkage"):
        outcomes(data, tmp_path, scorers={"item_knn": {"shrinkag": 3}})


GRAPH = "\n".join(f"{item} 0 {100 + 2 * item // N_ITEMS}" for item in range(N_ITEMS))


def test_hidden_items_are_found_by_what_the_graph_says_of_them(data: Published, tmp_path: Path) -> None:
    files = {part: file.read_text() for part, file in zip(("train", "test"), data.files, strict=True)}
    known = read(kgat(tmp_path / "known", **files, kg_final__txt=GRAPH))
    cold = Split(method="cold-items", test_share=0.2, validation_share=0.2)
    found = outcomes(known, tmp_path, scorers={"popularity": {}, "content_knn": {}}, split=cold)
    popularity, content, fusion = (one.row for one in found)
    assert content["metrics"]["ndcg@10"]["mean"] > 1.15 * popularity["metrics"]["ndcg@10"]["mean"]
    assert fusion["metrics"]["ndcg@10"]["mean"] >= content["metrics"]["ndcg@10"]["mean"]
    assert set(content["groups"]) == {"cold_overall"}
    told = Benchmark(known, {}, tmp_path, split=cold).to_json()
    assert told["split"] == "cold-items, 20% of items for test, 20% for validation, seed 0"
    assert told["items_only_in_test"] == 6


def test_a_second_stage_is_told_beside_the_fusion(data: Published, tmp_path: Path) -> None:
    rows = [one.row for one in outcomes(data, tmp_path, second_stage=True)]
    assert [row["scorer"] for row in rows] == ["popularity", "item_knn", "fusion", "lambdamart"]
    gain = rows[3]["second_vs_fusion"]["difference"]
    assert gain == pytest.approx(rows[3]["metrics"]["ndcg@20"]["mean"] - rows[2]["metrics"]["ndcg@20"]["mean"])
    assert "NDCG@20 of lambdamart − the fusion" in benchmark_table.verdicts(rows)[-1]


@pytest.mark.parametrize("scorer", ["popularity", "item_knn"])
def test_a_budget_is_a_search(data: Published, tmp_path: Path, scorer: str) -> None:
    budget = Budget(minutes=5, trials=3)
    found = outcomes(data, tmp_path, scorers={scorer: {}}, budget=budget)[0].row
    assert found["trials"] == (3 if scorer == "item_knn" else 0)
    assert outcomes(data, tmp_path, scorers={scorer: {}})[0].row.get("trials") is None


def test_each_seed_is_a_fold(data: Published, tmp_path: Path) -> None:
    folds = Split(method="k-fold", folds=3)
    told = [Benchmark(data, {}, tmp_path, (seed,), split=folds).to_json() for seed in range(4)]
    assert [one["split"] for one in told] == [f"k-fold, fold {fold} of 3, seed 0" for fold in (0, 1, 2, 0)]
    assert sum(one["test"] for one in told[:3]) == told[0]["train"] + told[0]["validation"] + told[0]["test"]
    assert told[3] == told[0]


def test_what_the_files_part_is_drawn_anew_by_another_split(data: Published, tmp_path: Path) -> None:
    kept = Benchmark(data, SCORERS, tmp_path).to_json()
    drawn = Benchmark(data, SCORERS, tmp_path, split=Split(method="random", test_share=0.4)).to_json()
    assert drawn["test"] > kept["test"]
    found = outcomes(data, tmp_path, scorers={"popularity": {}})
    again = outcomes(data, tmp_path, scorers={"popularity": {}}, split=Split(method="random"))
    assert found[0].row["metrics"] != again[0].row["metrics"]


def row(scorer: str, seed: int, figure: float, **more: Any) -> dict[str, Any]:
    metrics = {name: {"mean": figure, "low": figure - 0.1, "high": figure + 0.1} for name in ("recall@20", "ndcg@20")}
    costs = {"fit_seconds": 2.0 * (seed + 1), "users_per_second": 1234.6, "peak_mb": 500}
    return {"scorer": scorer, "seed": seed, "metrics": metrics, **costs, **more}


FAILED = {
    "scorer": "ease",
    "metrics": {},
    "fit_seconds": None,
    "users_per_second": None,
    "peak_mb": None,
    "error": "no",
}


def test_the_table_has_means_of_the_seeds_and_the_fusion_last() -> None:
    rows = [row("fusion", 0, 0.5), row("ials", 0, 0.2), {**FAILED, "seed": 0}, row("ials", 1, 0.4)]
    found = benchmark_table.lines(rows)
    assert [line.cells[0] for line in found] == ["ials", "ease", "fusion"]
    assert found[0].cells == ("ials", "0.3000", ".2000–.4000", "0.3000", ".2000–.4000", "3.00", "1,235", "500")
    assert (set(found[1].cells[1:]), found[1].error) == ({"—"}, "no")


def test_the_markdown_is_one_table_under_its_command() -> None:
    counted = dict.fromkeys(("users", "items", "facts", "train", "validation", "test"), 5)
    shared = dict.fromkeys(("users_only_in_test", "items_only_in_test"), 0) | {"pairs_in_train_and_test": 7}
    shared |= {"near_in_train_and_test": 3, "texts_in_train_and_test": 2}
    gain = {"difference": 0.01, "low": -0.01, "high": 0.03, "p": 0.04, "p_holm": 0.08}
    each = [{"name": "ials", **gain}, {"name": "ease", **gain, "p_holm": 0.01}]
    fused = row("fusion", 0, 0.2, best_single="ials", fused_vs_best=gain, fused_vs_each=each)
    rows = [row("ials", 0, 0.2), {**FAILED, "seed": 0}, fused]
    text = benchmark_table.markdown(
        {"name": "d", "split": "given", **counted, **shared}, rows, "cartograph benchmark d"
    )
    by_time = {"name": "d", "split": "by time", **counted, **shared}
    assert "Repeats: 7 pairs of test" in benchmark_table.described(by_time, rows)
    assert text.startswith("## d\n\n`cartograph benchmark d`\n")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert [line.count("|") for line in table] == [len(benchmark_table.HEADINGS) + 1] * 5
    for told in (
        "7 pairs of test are in train",
        "ease: no",
        "the fusion − ials, seed 0: +0.0100 (95 % -0.0100 … +0.0300, p = 0.04; Holm, of 2 tests, 0.08)",
        "Not surely apart at 5%: ials.",
    ):
        assert told in text
