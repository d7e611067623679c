"""Trees over candidates: they learn what no weighted sum can say, and keep silent of everything else."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pytest

import kg
from kg.query import Query
from recsys import second_stage
from recsys.errors import RecsysError
from recsys.evaluation import evaluate
from recsys.holdout import holdout
from recsys.protocol import Protocol
from recsys.second_stage import SecondStage
from recsys.types import Holdout, Scores

N_USERS, N_ITEMS = 300, 40
PROTOCOL = Protocol(repeats="exclude", k=(5,), metrics=("ndcg",))


@dataclass
class Half:
    """Knows the tastes of light users (one item had), or of the others alone; of the rest it makes numbers up."""

    light: bool

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        scores = np.random.default_rng(int(self.light)).random((N_USERS, N_ITEMS), dtype=np.float32)[query.users]
        had = np.diff(query.seen(("purchase",)).indptr)
        known = (had < 2) == self.light
        scores[known, taste(query.users[known])] += 0.5
        return scores


def taste(users: Any) -> Any:
    return (users * 7) % N_ITEMS


@pytest.fixture(scope="module")
def asked() -> tuple[kg.KnowledgeGraph, Holdout]:
    before = [(user, (taste(user) + 1 + n) % N_ITEMS) for user in range(N_USERS) for n in range(1 + 3 * (user % 2))]
    after = [(user, taste(user)) for user in range(N_USERS)]
    frames = [
        pd.DataFrame([(f"u{user:03}", f"i{item:02}") for user, item in rows], columns=["user_id", "item_id"])
        for rows in (before, after)
    ]
    graph = kg.build(kg.Tables.of(events=frames[0]))
    return graph, holdout(graph, kg.Tables.of(events=frames[1]).events)


def learned(asked: tuple[kg.KnowledgeGraph, Holdout]) -> SecondStage:
    graph, later = asked
    parts = {"light": Half(light=True), "heavy": Half(light=False)}
    return SecondStage(parts, graph).learn(later, PROTOCOL)


def test_who_should_be_believed_depends_on_the_user(
    asked: tuple[kg.KnowledgeGraph, Holdout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(second_stage._PARAMETERS, "min_data_in_leaf", 5)
    trees = learned(asked)
    found = evaluate({**trees.parts, "trees": trees}, asked[1], PROTOCOL)
    assert found.mean("trees") > 1.15 * max(found.mean("light"), found.mean("heavy"))
    some = asked[1].query.take(np.arange(50))
    np.testing.assert_array_equal(trees.score(some), learned(asked).score(some))


def test_it_has_an_opinion_of_the_first_ones_of_its_parts_alone(
    asked: tuple[kg.KnowledgeGraph, Holdout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_stage, "CANDIDATES", 3)
    trees = learned(asked)
    query = asked[1].query.take(np.arange(20))
    known = ~np.isnan(trees.score(query))
    assert ((known.sum(axis=1) >= 3) & (known.sum(axis=1) <= 6)).all()
    assert not known[query.seen(("purchase",)).toarray() > 0].any()
    for part in trees.parts.values():
        scores = np.where(query.seen(("purchase",)).toarray() > 0, -np.inf, part.score(query))
        assert known[np.arange(20), scores.argmax(axis=1)].all()


def test_days_are_counted_back_from_the_moment_of_asking() -> None:
    events = pd.DataFrame({"user_id": ["ann", "ann", "bob"], "item_id": ["mug", "mug", "pot"],
                           "time": pd.to_datetime(["2024-01-01", "2024-02-20", "2024-03-01"])})  # fmt: skip
    graph = kg.build(kg.Tables.of(events=events))
    mug, pot = second_stage._of_items(graph)
    np.testing.assert_allclose(np.expm1(mug[:3]), [2, 1, 0], atol=1e-6)
    np.testing.assert_allclose(np.expm1(pot[:3]), [1, 1, 1], atol=1e-6)
    assert (round(float(mug[3])), round(float(pot[3]))) == (10, 0)
    n, often, last = second_stage._own(graph.query(["ann"]), np.array([[0, 1]]))
    np.testing.assert_allclose(np.expm1([n[0], often[0]]), [[1, 1], [2, 0]], atol=1e-6)
    assert round(float(last[0, 0])) == 10
    assert np.isnan(last[0, 1])


def test_without_lightgbm_the_extra_is_named(
    asked: tuple[kg.KnowledgeGraph, Holdout], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(RecsysError, match=r"cartograph-recsys\[rank\]"):
        learned(asked)
