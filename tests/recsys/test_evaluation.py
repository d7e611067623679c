"""The figures of all scorers against a slow twin that ranks one user's items at a time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import Query
from recsys.errors import RecsysError
from recsys.evaluation import Evaluation, evaluate
from recsys.fusion import Fusion
from recsys.holdout import holdout
from recsys.metrics import METRICS
from recsys.protocol import Protocol, asked
from recsys.types import Holdout, Scores

N_USERS, N_ITEMS = 14, 11


@dataclass
class Fixed:
    """Made-up scores, full of ties, that depend on the user and the item; counts the rows it was asked for."""

    seed: int
    unknown: tuple[int, ...] = ()
    rows: int = field(default=0, compare=False)

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        self.rows += len(query)
        table = np.random.default_rng(self.seed).integers(0, 5, (N_USERS + 1, len(query.items)))
        scores = table[query.users].astype(np.float32)
        scores[:, list(self.unknown)] = np.nan
        return scores


@pytest.fixture(scope="module")
def later() -> Holdout:
    """Users with repeats and news, one without history, items nobody had."""
    rng = np.random.default_rng(0)
    columns = ["user_id", "item_id"]
    before = [(f"u{user:02}", f"i{rng.integers(N_ITEMS - 2):02}") for user in range(N_USERS) for _ in range(4)]
    after = [(f"u{user:02}", f"i{rng.integers(N_ITEMS):02}") for user in range(N_USERS + 1) for _ in range(4)]
    items = pd.DataFrame({"item_id": [f"i{item:02}" for item in range(N_ITEMS)]})
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(before, columns=columns), items=items))
    return holdout(graph, kg.Tables.of(events=pd.DataFrame(after, columns=columns)).events)


@pytest.fixture
def scorers() -> dict[str, Any]:
    parts = {"one": Fixed(1), "two": Fixed(2, unknown=(3, 5))}
    fusion = Fusion(parts)
    fusion.weights_, fusion.missing_ = np.array([1.0, 0.7]), np.array([0.0, 1.5])
    return {**parts, "fusion": fusion}


def slow_recall(scorer: Any, later: Holdout, protocol: Protocol, group: str, k: int) -> list[float]:
    """Recall of each user asked, ranking her items alone."""
    assert later.popularity is not None
    seen = later.query.seen(later.kinds).toarray() > 0
    found = []
    for row, wanted in enumerate(asked(later, protocol)[group].toarray() > 0):
        if not wanted.any():
            continue
        scores = scorer.score(later.query.take([row]))[0]
        items = [item for item in range(N_ITEMS) if not np.isnan(scores[item])]
        if protocol.repeats == "exclude":
            items = [item for item in items if not seen[row, item]]
        if group == ("warm" if later.candidates is not None else "cold_items"):
            items = [item for item in items if not later.popularity[item]]
        best = sorted(items, key=lambda item: (-scores[item], item))[:k]
        found.append(wanted[best].sum() / wanted.sum())
    return found


@pytest.mark.parametrize("repeats", ["include", "exclude"])
def test_figures_of_every_group_are_those_of_one_user_at_a_time(
    repeats: Any, later: Holdout, scorers: dict[str, Any]
) -> None:
    protocol = Protocol(repeats=repeats, k=(3, 5))
    judged = evaluate(scorers, later, protocol)
    groups = {"warm", "repeat", "explore", "cold_users", "cold_items", "cold_overall"}
    for name, scorer in scorers.items():
        assert set(judged.figures[name]) == (groups if repeats == "include" else groups - {"repeat", "explore"})
        for group, figures in judged.figures[name].items():
            for k in protocol.k:
                np.testing.assert_allclose(figures[f"recall@{k}"], slow_recall(scorer, later, protocol, group, k))


def test_blocks_change_nothing(later: Holdout, scorers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = evaluate(scorers, later, Protocol())
    monkeypatch.setattr("recsys.blocks.BLOCK_BYTES", 4 * N_ITEMS * 7)
    in_blocks = evaluate(scorers, later, Protocol())
    for name, groups in at_once.figures.items():
        for group, figures in groups.items():
            for metric, values in figures.items():
                np.testing.assert_array_equal(in_blocks.figures[name][group][metric], values)


def test_every_part_is_scored_once_and_the_fusion_is_mixed_from_them(later: Holdout, scorers: dict[str, Any]) -> None:
    evaluate(scorers, later, Protocol())
    n_asked = len(np.flatnonzero(np.diff(later.targets.indptr)))
    assert scorers["one"].rows == scorers["two"].rows == n_asked
    alone = evaluate({"fusion": scorers["fusion"]}, later, Protocol())
    assert scorers["one"].rows == 2 * n_asked
    together = evaluate(scorers, later, Protocol())
    np.testing.assert_array_equal(
        alone.figures["fusion"]["warm"]["ndcg@10"], together.figures["fusion"]["warm"]["ndcg@10"]
    )


def test_the_document_sums_up_what_the_arrays_hold(later: Holdout, scorers: dict[str, Any]) -> None:
    judged = evaluate(scorers, later, Protocol(k=(3,), resamples=200))
    document = judged.to_json()
    assert [row["name"] for row in document["scorers"]] == ["one", "two", "fusion"]
    means = {row["name"]: row["metrics"]["ndcg@3"]["mean"] for row in document["scorers"]}
    assert means == {name: pytest.approx(judged.mean(name)) for name in scorers}
    assert document["best_single"] == max(["one", "two"], key=means.__getitem__)
    assert document["fused_vs_best"]["difference"] == pytest.approx(means["fusion"] - means[document["best_single"]])
    assert [row["name"] for row in document["fused_vs_each"]] == ["one", "two"]
    best = next(row for row in document["fused_vs_each"] if row["name"] == document["best_single"])
    assert document["fused_vs_best"] == {name: value for name, value in best.items() if name != "name"}
    for row in document["scorers"]:
        for summary in (row["metrics"], *row["groups"].values()):
            assert all(
                figure["low"] - 1e-12 <= figure["mean"] <= figure["high"] + 1e-12
                for name, figure in summary.items()
                if not name.startswith("coverage")
            )
    users = judged.figures["one"]["warm"]["ndcg@3"]
    assert document["protocol"]["users"] == len(users)
    assert document == evaluate(scorers, later, Protocol(k=(3,), resamples=200)).to_json(), "the same every time"


def test_a_fusion_alone_has_nothing_to_be_compared_with(later: Holdout, scorers: dict[str, Any]) -> None:
    document = evaluate({"fusion": scorers["fusion"]}, later, Protocol(resamples=10)).to_json()
    assert document["best_single"] is None
    assert "fused_vs_best" not in document


def test_surprise_is_counted_among_the_shops_users_not_those_asked(later: Holdout) -> None:
    few = later.take(np.array([0, 1]))
    judged: Evaluation = evaluate({"one": Fixed(1)}, few, Protocol(repeats="include"))
    assert (judged.figures["one"]["warm"]["novelty@10"] >= 0).all()


def test_the_recall_curve_runs_through_recall_at_every_k(later: Holdout, scorers: dict[str, Any]) -> None:
    found = evaluate(scorers, later, Protocol(k=(3, 5)))
    for name, curve in found.curves.items():
        assert curve[[2, 4]].tolist() == [found.mean(name, "recall@3"), found.mean(name, "recall@5")]
        assert (np.diff(curve) >= 0).all()


def test_every_figure_has_an_interval_around_its_mean(later: Holdout, scorers: dict[str, Any]) -> None:
    document = evaluate(scorers, later, Protocol(k=(3,), resamples=200)).to_json()
    for row in document["scorers"]:
        for part in (row["metrics"], *row["groups"].values()):
            assert all(figure["low"] <= figure["mean"] <= figure["high"] for figure in part.values())
        covered = row["metrics"]["coverage@3"]
        assert covered["low"] == covered["high"]  # counted, not estimated


def only(later: Holdout, rows: list[int], items: list[int]) -> Holdout:
    """Targets among these items alone, of these users, as a split by items or by users leaves them."""
    kept = later.take(np.array(rows))
    mask = np.isin(np.arange(N_ITEMS), items)
    targets = csr_array(kept.targets.toarray() * mask)
    assert kept.popularity is not None
    return replace(kept, targets=targets, candidates=None if kept.popularity[items].any() else mask)


@pytest.mark.parametrize("repeats", ["include", "exclude"])
def test_hidden_items_are_ranked_among_themselves_and_among_all(
    repeats: Any, later: Holdout, scorers: dict[str, Any]
) -> None:
    hidden = only(later, list(range(N_USERS)), [N_ITEMS - 2, N_ITEMS - 1])
    protocol = Protocol(repeats=repeats, k=(1,))
    for name, groups in evaluate(scorers, hidden, protocol).figures.items():
        assert "cold_items" not in groups
        for group in ("warm", "cold_overall"):
            wanted = slow_recall(scorers[name], hidden, protocol, group, 1)
            np.testing.assert_allclose(groups[group]["recall@1"], wanted)


def test_where_all_users_are_new_they_are_the_ones_asked(later: Holdout, scorers: dict[str, Any]) -> None:
    new = later.take(np.array([N_USERS]))
    found = evaluate(scorers, new, Protocol(k=(3,)))
    assert len(found.figures["one"]["warm"]["ndcg@3"]) == 1
    assert "cold_users" not in found.figures["one"]


@pytest.mark.parametrize("group", ["warm", "cold_items"])
def test_the_area_under_the_curve_is_of_whole_rankings(group: str, later: Holdout, scorers: dict[str, Any]) -> None:
    protocol = Protocol(repeats="exclude", metrics=("ndcg", "auc"))
    found = evaluate(scorers, later, protocol).figures["two"][group]["auc"]
    seen = later.query.seen(later.kinds).toarray() > 0
    wanted = []
    for row, right in enumerate(asked(later, protocol)[group].toarray() > 0):
        scores = np.nan_to_num(scorers["two"].score(later.query.take([row]))[0], nan=-np.inf)
        others = ~right & ~seen[row]
        if group == "cold_items":
            assert later.popularity is not None
            others &= later.popularity == 0
        if right.any():
            above = [(scores[item] > scores[others]).mean() for item in np.flatnonzero(right)] if others.any() else []
            equal = [(scores[item] == scores[others]).mean() / 2 for item in np.flatnonzero(right)] if above else [0.5]
            wanted.append(np.mean(above or [0.0]) + np.mean(equal))
    np.testing.assert_allclose(found, wanted)


def test_users_are_told_apart_by_what_they_did_and_what_is_declared() -> None:
    events = [("ann", f"i{item}") for item in range(8)] + [("bob", "i1")] + [(f"u{n}", f"i{n}") for n in range(6)]
    towns = [("ann", "Ulm"), *((f"u{n}", "Bonn") for n in range(6))]
    facts = [{"head": who, "relation": "lives_in", "tail": town, "head_type": "user", "tail_type": "town"}
             for who, town in towns]  # fmt: skip
    columns = ["user_id", "item_id"]
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(events, columns=columns), facts=pd.DataFrame(facts)))
    after = [(user, "i7") for user in ("bob", *(f"u{n}" for n in range(6)))] + [("ann", "i0")]
    found = holdout(graph, kg.Tables.of(events=pd.DataFrame(after, columns=columns)).events, by=("town",))
    assert dict(zip(graph.nodes["user"].ids.to_ids(found.query.users), found.strata["town"], strict=True)) == {
        "ann": "others", "bob": "unknown", **{f"u{n}": "Bonn" for n in range(6)},
    }  # fmt: skip
    (row,) = evaluate({"one": Fixed(1)}, found, Protocol(k=(3,), resamples=10)).to_json()["scorers"]
    assert {label: part["users"] for label, part in row["strata"]["activity"].items()} == {"1 to 5": 7, "6 to 20": 1}
    assert list(row["strata"]["town"]) == ["Bonn", "others", "unknown"]
    whole = row["metrics"]["ndcg@3"]["mean"]
    parts = [(part["users"], part["metrics"]["ndcg@3"]["mean"]) for part in row["strata"]["town"].values()]
    assert sum(n * mean for n, mean in parts) / 8 == pytest.approx(whole)
    with pytest.raises(RecsysError, match="'town'"):
        holdout(graph, kg.Tables.of(events=pd.DataFrame(after, columns=columns)).events, by=("twon",))


@dataclass
class Constant(Fixed):
    """The same of every item: nothing, or too much."""

    value: float = np.nan

    def score(self, query: Query) -> Scores:
        return np.full((len(query), len(query.items)), self.value, dtype=np.float32)


@pytest.mark.parametrize("value", [np.nan, -np.inf, np.inf, 0.0])
def test_a_scorer_that_tells_nothing_apart_has_figures_all_the_same(value: float, later: Holdout) -> None:
    protocol = Protocol(repeats="exclude", k=(3,), metrics=(*METRICS,), resamples=10)
    document = evaluate({"one": Constant(1, value=value)}, later, protocol).to_json()
    figures = document["scorers"][0]["metrics"]
    assert figures["auc"]["mean"] == pytest.approx(0.5)
    assert (figures["recall@3"]["mean"] == 0) == (not value > -np.inf)
    assert all(np.isfinite([*figure.values()]).all() for figure in figures.values())
