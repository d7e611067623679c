"""Weights that find a planted mix, never lose to the best part, and are the same every time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

import kg
from kg.query import Query
from recsys import learning, pool
from recsys.errors import RecsysError
from recsys.evaluation import evaluate
from recsys.fusion import Fusion
from recsys.learning import LITTLE, learn, learn_all
from recsys.linear import ConstantScorer
from recsys.path_share import path_share
from recsys.protocol import Protocol
from recsys.teaching import Silent
from recsys.types import Contribution, ContributionKind, Event, Explanation, Holdout, Path, Scores

N_USERS, N_ITEMS = 150, 40


@dataclass
class Table:
    """Says what its table says, row by user."""

    table: NDArray[np.float32]

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self

    def score(self, query: Query) -> Scores:
        return self.table[query.users]


@dataclass
class Told(Table):
    """A table that is told in paths, or in links."""

    kind: ContributionKind = "path"
    name: str = ""
    additive: bool = True

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        value = float(self.score(query)[row, item])
        event = Event(int(query.indptr[row]), int(query.nodes[query.indptr[row]]), "purchase", 0)
        path = Path((event.node, -1, query.items.start + item), ("rev_purchase", "purchase"))
        part = Contribution(value, self.kind, self.name, event, path if self.kind == "path" else None)
        return Explanation.of(query, row, item, value, (part,), additive=True)


class Same(ConstantScorer):
    """Tells everybody the same."""

    name = "same"

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values_ = values

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Self:
        return self


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    log = [(f"u{user:03}", f"i{(user + step) % N_ITEMS:02}") for user in range(N_USERS) for step in (0, 3)]
    return kg.build(kg.Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id"])))


def asked_of(graph: kg.KnowledgeGraph, truth: NDArray[np.float32], n: int = 3) -> Holdout:
    """Every user takes the n items that `truth` puts first."""
    best = np.argsort(-truth, axis=1)[:, :n]
    rows = np.repeat(np.arange(N_USERS), n)
    targets = csr_array((np.ones(len(rows), np.float32), (rows, best.ravel())), truth.shape)
    popularity = np.full(N_ITEMS, 7)
    return Holdout(graph.query(), targets, ("purchase",), popularity, N_USERS)


def noise(seed: int, n: int = 3) -> list[NDArray[np.float32]]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(N_USERS, N_ITEMS)).astype(np.float32) for _ in range(n)]


def test_a_planted_mix_is_found(graph: kg.KnowledgeGraph) -> None:
    one, two, unrelated = noise(0)
    validation = asked_of(graph, one + 0.6 * two)
    parts = {"unrelated": Table(unrelated * 50), "one": Table(one), "two": Table(two * 10)}
    fusion = learn(Fusion(parts), validation, Protocol(repeats="include"))
    assert fusion.weights_[0] < 0.1 * fusion.weights_[1]
    assert 0.4 < fusion.weights_[2] / fusion.weights_[1] < 0.9
    assert np.linalg.norm(fusion.weights_) == pytest.approx(1)
    np.testing.assert_allclose(fusion.scales_, [50, 1, 10], rtol=0.05)

    figures = evaluate({**parts, "fusion": fusion}, validation, Protocol(repeats="include"))
    assert figures.mean("fusion") > 0.93
    assert figures.mean(str(figures.best_single)) < 0.9


def test_what_an_earlier_window_says_weighs_as_much(graph: kg.KnowledgeGraph) -> None:
    """Its parts speak in a loudness of their own; a part that is silent there is weighed by validation alone."""
    one, two, _ = noise(0)
    parts = {"one": Table(one), "two": Table(two)}
    loud = {"one": Table(one * 40), "two": Table(two * 40)}
    protocol = Protocol(repeats="include")

    def learned(truth: NDArray[np.float32], earlier: learning.Earlier | None = None) -> NDArray[np.float64]:
        fusion = Fusion(parts)
        learn_all([(fusion, protocol, 0.0)], asked_of(graph, truth), earlier)
        return fusion.weights_

    alone = learned(one + 0.4 * two)
    both = learned(one + 0.4 * two, (loud, asked_of(graph, two + 0.4 * one)))
    assert alone[1] < 0.6 * alone[0]
    assert 0.6 < both[1] / both[0] < 1.6
    silent = learned(one + two, ({**loud, "two": Silent()}, asked_of(graph, one)))
    assert 0.6 < silent[1] / silent[0] < 1.6
    assert learned(one + two, (loud, asked_of(graph, one)))[1] < 0.6 * silent[1]


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 100),
    mix=st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=3, max_size=3),
    holes=st.booleans(),
    repeats=st.sampled_from(["include", "exclude"]),
)
def test_it_is_never_below_its_best_part_and_its_weights_are_sound(
    graph: kg.KnowledgeGraph, seed: int, mix: list[float], holes: bool, repeats: str
) -> None:
    tables = noise(seed)
    validation = asked_of(
        graph, sum(weight * table for weight, table in zip(mix, tables, strict=True)) + tables[0] * 0.1
    )
    if holes:
        tables[1][:, ::3] = np.nan
    parts = {f"part {n}": Table(table) for n, table in enumerate(tables)}
    protocol = Protocol(repeats=repeats)  # type: ignore[arg-type]
    fusion = learn(Fusion(parts), validation, protocol)
    assert (fusion.weights_ >= 0).all()
    assert fusion.weights_.any()
    assert np.isfinite(fusion.score(validation.query)).all()
    judged = evaluate({**parts, "fusion": fusion}, validation, protocol)
    assert judged.mean("fusion") >= judged.mean(str(judged.best_single)) - 0.02 * holes
    again = learn(Fusion(parts), validation, protocol)
    np.testing.assert_array_equal(again.learned, fusion.learned)


def test_where_it_would_be_below_it_is_its_best_part_alone(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad, _ = noise(1)
    parts = {"bad": Table(bad), "good": Table(good)}
    monkeypatch.setattr(pool, "ascend", lambda *_: np.array([1.0, 0.1]))
    fusion = learn(Fusion(parts), asked_of(graph, good), Protocol(repeats="include"))
    np.testing.assert_array_equal(fusion.weights_, [0, 1])


def test_blocks_change_no_weight(graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two, _ = noise(2)
    validation = asked_of(graph, one + two)
    at_once = learn(Fusion({"one": Table(one), "two": Table(two)}), validation, Protocol(repeats="include"))
    monkeypatch.setattr("recsys.blocks.BLOCK_BYTES", 4 * N_ITEMS * 2 * 20)
    in_blocks = learn(Fusion({"one": Table(one), "two": Table(two)}), validation, Protocol(repeats="include"))
    np.testing.assert_allclose(in_blocks.weights_, at_once.weights_)
    np.testing.assert_allclose(in_blocks.scales_, at_once.scales_)


def test_lists_longer_than_the_usual_candidates_are_judged_whole(graph: kg.KnowledgeGraph) -> None:
    one, two, _ = noise(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "CANDIDATES", 2)
        fusion = learn(
            Fusion({"one": Table(one), "two": Table(two)}),
            asked_of(graph, one + two, n=10),
            Protocol(repeats="include", k=(20,)),
        )
    assert 0.5 < fusion.weights_[0] / fusion.weights_[1] < 2


def test_a_part_that_knows_nothing_says_nothing(graph: kg.KnowledgeGraph) -> None:
    one, two, _ = noise(4)
    silent = np.full_like(two, np.nan)
    parts = {"silent": Table(silent), "one": Table(one)}
    fusion = learn(Fusion(parts), asked_of(graph, one), Protocol(repeats="include"))
    assert fusion.weights_[0] < fusion.weights_[1]
    assert np.isfinite(fusion.score(graph.query())).all()


@pytest.mark.parametrize("liked", ["first", "second"])
@pytest.mark.parametrize("fewest", [50, 100])
def test_who_has_no_history_is_told_what_serves_such_users_best(
    liked: str, fewest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of the users are new; all of them take what one of two constant parts puts first, as others would like too.

    Of too few new ones the others say which of both it is.
    """
    monkeypatch.setattr(learning, "FEWEST", fewest)
    log = [(f"u{user:03}", f"i{(user + step) % N_ITEMS:02}") for user in range(N_USERS // 2) for step in (0, 3)]
    users = pd.DataFrame({"user_id": [f"u{user:03}" for user in range(N_USERS)]})
    graph = kg.build(kg.Tables.of(events=pd.DataFrame(log, columns=["user_id", "item_id"]), users=users))
    new = np.arange(N_USERS) >= N_USERS // 2
    places = np.argsort(noise(5, 1)[0], axis=1).astype(np.float32)
    constants = {"first": Same(places[0]), "second": Same(places[1])}
    values = constants[liked].values_
    personal = noise(6, 1)[0] + np.float32(0.05) * values  # a median above the 0 it says to the new
    validation = asked_of(graph, np.where(new[:, None], values, personal))
    told = np.where(new[:, None], np.float32(0), personal)
    told[:, values.argmin()] = np.nan
    protocol = Protocol(repeats="include", k=(3,))
    parts = {**constants, "personal": Table(told)}
    fusion = learn(Fusion(parts), validation, protocol)
    assert list(fusion.used) == [liked, "personal"]
    found = evaluate({**parts, "fusion": fusion}, validation, protocol)
    assert found.mean("fusion", group="cold_users") == 1
    assert found.mean("fusion") == pytest.approx(found.mean("personal"), abs=0.01)


def test_what_is_unknown_stands_above_nothing_that_is_said(graph: kg.KnowledgeGraph) -> None:
    """Half of the users are told all in a whisper: an item of which nothing is said must not be above all of that."""
    loud = np.abs(noise(11, 1)[0])
    loud[::2] *= np.float32(0.01)
    loud[:, ::2] = np.nan
    fusion = learn(Fusion({"loud": Table(loud)}), asked_of(graph, np.nan_to_num(loud)), Protocol(repeats="include"))
    shown = np.argsort(-fusion.score(graph.query()), axis=1)[:, : N_ITEMS // 2]
    assert (shown % 2 == 1).all()
    cold = np.where(np.isnan(loud), np.float32(np.nan), loud - 10)
    below = learn(Fusion({"cold": Table(cold)}), asked_of(graph, np.nan_to_num(loud)), Protocol(repeats="include"))
    assert below.missing_[0] == pytest.approx(np.nanmedian(cold), abs=0.05)


def test_new_users_cost_others_nothing(graph: kg.KnowledgeGraph) -> None:
    """What tells everybody the same, and loudly, is heard by those with a history only as far as it serves them."""
    loud = np.zeros(N_ITEMS, np.float32)
    loud[0] = 1000
    personal = noise(7, 1)[0]
    validation = asked_of(graph, personal)
    fusion = learn(Fusion({"loud": Same(loud), "personal": Table(personal)}), validation, Protocol(repeats="include"))
    assert fusion.weights_[0] <= LITTLE
    assert fusion.newcomers_[0] > 0
    assert fusion.newcomers_[1] == 0


@pytest.mark.parametrize("floor", [0.3, 0.6, 0.95])
def test_a_floor_of_path_share_is_held_at_no_needless_cost(graph: kg.KnowledgeGraph, floor: float) -> None:
    """What is told in links knows more: held to a floor, the fusion is just above it, and better than paths alone."""
    one, two, _ = noise(6)
    validation = asked_of(graph, one + 0.5 * two)
    parts = {"links": Told(one, "link", "links"), "paths": Told(two, "path", "paths")}
    protocol = Protocol(repeats="include")
    free, held = (learn(Fusion(parts), validation, protocol, share) for share in (0.0, floor))
    told = path_share(held, validation.query)
    assert told is not None
    assert floor <= told + 1e-6
    assert told < floor + 0.1 or floor < (path_share(free, validation.query) or 0)
    judged = evaluate({**parts, "fusion": held}, validation, protocol)
    assert judged.mean("fusion") >= judged.mean("paths")
    cost = evaluate({"free": free, "held": held}, validation, protocol)
    assert cost.mean("held") <= cost.mean("free") + 0.01


def test_a_floor_that_holds_already_changes_nothing(graph: kg.KnowledgeGraph) -> None:
    one, two, _ = noise(7)
    validation = asked_of(graph, one + two)
    parts = {"one": Told(one, "path", "one"), "two": Told(two, "path", "two")}
    free, held = (learn(Fusion(parts), validation, Protocol(repeats="include"), share) for share in (0.0, 0.9))
    np.testing.assert_array_equal(free.weights_, held.weights_)


def test_a_floor_needs_parts_that_can_be_told(graph: kg.KnowledgeGraph) -> None:
    one, two, _ = noise(8)
    parts = {"one": Told(one, "link", "one"), "mute": Table(two)}
    with pytest.raises(RecsysError, match="cannot be explained exactly"):
        learn(Fusion(parts), asked_of(graph, one + two), Protocol(repeats="include"), 0.5)


@pytest.mark.parametrize("other", ["path", "link"])
def test_a_floor_where_what_is_best_is_links_alone(graph: kg.KnowledgeGraph, other: ContributionKind) -> None:
    """The fusion is then told in paths as far as any of its parts can be: not at all, where none has a path."""
    one, two, _ = noise(9)
    validation = asked_of(graph, one)
    parts = {"one": Told(one, "link", "one"), "two": Told(two, other, "two")}
    held = learn(Fusion(parts), validation, Protocol(repeats="include"), 0.5)
    assert np.isfinite(held.weights_).all()
    told = path_share(held, validation.query)
    assert told is not None
    assert told >= 0.5 - 1e-6 if other == "path" else told == 0


def test_a_floor_silences_nobody(graph: kg.KnowledgeGraph) -> None:
    one, two, three = noise(10)
    parts = {"links": Told(one, "link", "links"), "paths": Told(two, "path", "paths"), "same": Same(three[0])}
    held = learn(Fusion(parts), asked_of(graph, one + two), Protocol(repeats="include"), 0.95)
    assert held.weights_[2] >= LITTLE / 2 * held.weights_.max()
