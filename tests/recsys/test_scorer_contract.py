"""What every registered scorer promises, on small shops whose answer is known. A new scorer is covered by its name."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import Query
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.explanation.steps import broken
from recsys.fusion import Fusion
from recsys.linear import ConstantScorer, LinearScorer
from recsys.operators import Diagonal, Factors
from recsys.scorers import DEFAULT, SCORERS, create, scorer_class
from recsys.scorers.metapaths import metapaths
from recsys.scorers.walks import Walks
from recsys.types import Explains, Scorer

SMALL: dict[str, dict[str, Any]] = {
    "lightgcn": {"embedding_size": 8, "n_epochs": 8},
    "hetero_gnn": {"embedding_size": 8, "n_epochs": 8},
    "sasrec": {"embedding_size": 8, "n_epochs": 10, "n_steps": 10, "batch_size": 16, "max_length": 20},
    "session_knn": {"gap": 24 * 100},  # whoever buys one thing a day has one long visit
    "association": {"gap": 24 * 100},
}
"""Parameters that suit small shops, where the defaults are for real ones."""
NOTHING_TO_GO_BY = {"tastes", "sequels", "due", "content_knn", "attribute_ials", "sasrec"}
"""Who has no opinion in a log without facts and without times."""
UNEXPLAINED = {"tifu_knn", "sasrec"}
"""Who cannot be read out exactly, and does not pretend."""


BLOCKS, USERS, ITEMS = 2, 12, 8  # a checkerboard: users and items per block


def made(name: str) -> Scorer:
    return create(name, **SMALL.get(name, {}))


def build(events: list[tuple[str, str, str]], facts: list[tuple[str, str, str, str, str]] = []) -> kg.KnowledgeGraph:  # noqa: B006
    log = pd.DataFrame(events, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    told = pd.DataFrame(facts, columns=["head", "head_type", "relation", "tail", "tail_type"]).assign(literal=False)
    return kg.build(kg.Tables.of(events=log, facts=told) if facts else kg.Tables.of(events=log))


@pytest.fixture(scope="session")
def board() -> kg.KnowledgeGraph:
    """Users buy most of their own block's items, once in a while twice, and nothing else; one item nobody buys."""
    rng = np.random.default_rng(5)
    events = []
    for block in range(BLOCKS):
        for user in range(USERS):
            for item in rng.choice(ITEMS, ITEMS * 3 // 4, replace=False):
                day = f"2024-{rng.integers(1, 4):02}-{rng.integers(1, 28):02}"
                events += [(f"u{block}-{user}", f"i{block}-{item}", day)] * int(rng.integers(1, 3))
    facts = [(f"i{b}-{item}", "item", "brand", f"b{b}", "brand") for b in range(BLOCKS) for item in range(ITEMS)]
    facts += [(f"u{b}-{user}", "user", "lives_in", f"town{b}", "town") for b in range(BLOCKS) for user in range(USERS)]
    facts += [("lonely", "item", "colour", "grey", "colour")]
    return build(events, facts)


@pytest.fixture(scope="session")
def fitted(board: kg.KnowledgeGraph) -> dict[str, Scorer]:
    return {name: made(name).fit(board) for name in SCORERS}


@pytest.fixture(params=SCORERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[name for name in SCORERS if name not in UNEXPLAINED])
def explaining(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_scores_are_a_float32_number_for_every_user_and_item(
    name: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    scores = fitted[name].score(board.query())
    assert scores.shape == (board.n_users, board.n_items)
    assert scores.dtype == np.float32
    assert scores.flags.c_contiguous  # what reads them by rows is several times slower otherwise
    bought = np.arange(board.n_items) != board.nodes["item"].ids.to_index(["lonely"])[0]
    assert np.isfinite(scores[:, bought]).all()
    assert not np.isinf(scores).any()
    assert (np.isnan(scores).all(axis=0) | ~np.isnan(scores).any(axis=0)).all(), "an item is known to all or to none"


def test_a_row_does_not_depend_on_its_neighbours(
    name: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    query = board.query()
    together = fitted[name].score(query)
    for row in (0, 13):
        np.testing.assert_allclose(fitted[name].score(query.take([row])), together[[row]], rtol=1e-4, atol=1e-6)
    assert fitted[name].score(query.take(slice(0, 0))).shape == (0, board.n_items)


def test_a_user_without_history_gets_what_everybody_gets(
    name: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    query = board.query(["nobody"])
    assert query.users[0] == -1
    scores = fitted[name].score(query)
    if isinstance(fitted[name], ConstantScorer):
        np.testing.assert_array_equal(scores, fitted[name].score(board.query())[:1])
    else:
        assert not np.nan_to_num(scores).any()
        assert name in UNEXPLAINED or not explained(fitted[name], query, 0, 0).contributions


def test_a_block_is_told_from_the_other(name: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph) -> None:
    scores = np.nan_to_num(fitted[name].score(board.query()))
    if isinstance(fitted[name], ConstantScorer):
        assert (scores == scores[0]).all()
        return
    users = np.array([user[1] for user in board.nodes["user"].ids.ids])
    items = np.array([item[1] for item in board.nodes["item"].ids.ids])
    same = (users[:, None] == items[None, :])[:, np.char.isdigit(items)]
    scores = scores[:, np.char.isdigit(items)]
    better = [(row[own][:, None] > row[~own]).mean() for row, own in zip(scores, same, strict=True)]
    assert np.mean(better) > 0.7


def test_only_what_is_exact_explains_itself(name: str, fitted: dict[str, Scorer]) -> None:
    assert isinstance(fitted[name], Explains) == (name not in UNEXPLAINED)


def test_a_fusion_says_which_part_it_cannot_explain(fitted: dict[str, Scorer], board: kg.KnowledgeGraph) -> None:
    with pytest.raises(RecsysError, match="cannot be explained exactly") as caught:
        Fusion({name: fitted[name] for name in ("ease", "tifu_knn")}).explain(board.query(), 0, 0)
    assert caught.value.value == "tifu_knn"


def test_an_explanation_adds_up_to_the_score(
    explaining: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    query = board.query()
    scores = fitted[explaining].score(query)
    for row, item in [(0, 0), (0, 5), (7, 11), (20, 3), (20, 15)]:
        told = explained(fitted[explaining], query, row, item)
        assert told.complete
        size = sum(abs(part.value) for part in told.contributions)
        # where the true score is 0, a product of dense float32 factors leaves some of its last bits
        in_factors = isinstance(getattr(fitted[explaining], "operator_", None), Factors)
        last_bits = 1e-7 * float(np.nanmax(np.abs(scores[row]))) if in_factors else 0.0
        assert told.score == pytest.approx(scores[row, item], abs=1e-5 * size + last_bits + 1e-12)
        assert all(part.scorer == explaining for part in told.contributions)
        assert not broken(board, told)


def test_deleting_an_event_takes_its_contributions_away(
    explaining: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    query = board.query()
    scorer = fitted[explaining]
    assert isinstance(scorer, Explains)
    if not scorer.additive:
        pytest.skip("not additive, and says so")
    told = scorer.explain(query, 3, 4)
    size = sum(abs(part.value) for part in told.contributions)
    for position in range(query.indptr[3], query.indptr[4]):
        share = sum(part.value for part in told.contributions if part.event and part.event.position == position)
        without = scorer.score(query.without(np.array([position])))[3, 4]
        assert told.score - without == pytest.approx(share, abs=2e-5 * size + 1e-12)


def test_an_item_of_no_opinion_is_explained_by_nothing(
    explaining: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph
) -> None:
    lonely = int(board.nodes["item"].ids.to_index(["lonely"])[0])
    query = board.query()
    score = fitted[explaining].score(query)[0, lonely]
    told = explained(fitted[explaining], query, 0, lonely)
    assert np.isnan(told.score) == np.isnan(score)
    if np.isnan(score):
        assert not told.contributions


def test_the_same_fit_gives_the_same_bits(name: str, fitted: dict[str, Scorer], board: kg.KnowledgeGraph) -> None:
    again = made(name).fit(board).score(board.query())
    np.testing.assert_array_equal(again, fitted[name].score(board.query()))


@pytest.mark.parametrize(
    "events",
    [
        [("u", "i", "2024-01-01")],
        [("u", f"i{item}", "2024-01-01") for item in range(5)],
        [(f"u{user}", "i", "2024-01-01") for user in range(5)],
        [("u", "i", "2024-01-01")] * 3 + [("v", "i", "2024-01-01"), ("v", "j", "2024-01-02")],
        [(f"u{island}{user}", f"i{island}{item}", "2024-01-01") for island in "ab" for user in "cd" for item in "ef"],
    ],
    ids=["one event", "one user", "one item", "the same event three times", "two islands"],
)
def test_the_smallest_shops(name: str, events: list[tuple[str, str, str]]) -> None:
    graph = build(events)
    scorer = made(name).fit(graph)
    query = graph.query()
    scores = scorer.score(query)
    assert scores.shape == (graph.n_users, graph.n_items)
    assert not np.isinf(scores).any()
    if name in UNEXPLAINED:
        return
    told = explained(scorer, query, 0, 0)
    assert np.isnan(told.score) or told.complete
    positions = [(part.event.position, part.path) for part in told.contributions if part.event]
    assert len(set(positions)) == len(positions), "each of several equal events has its own share"


def test_a_log_without_times(name: str) -> None:
    log = pd.DataFrame({"user_id": list("aabbcc"), "item_id": list("xyyzzx")})
    graph = kg.build(kg.Tables.of(events=log))
    scores = made(name).fit(graph).score(graph.query())
    assert np.isnan(scores).all() if name in NOTHING_TO_GO_BY else np.isfinite(scores).all()


def test_the_state_can_be_saved(name: str, fitted: dict[str, Scorer]) -> None:
    own = {field.name for field in fields(fitted[name])}  # type: ignore[arg-type]
    state = {key: value for key, value in vars(fitted[name]).items() if key not in own}
    assert state
    for key, value in state.items():
        assert key.endswith("_")
        assert not key.startswith("_")
        assert can_be_saved(value), f"{key} holds a {type(value).__name__}"


def can_be_saved(value: object) -> bool:
    if isinstance(value, Factors):
        return all(part is None or can_be_saved(part) for part in (value.left, value.right, value.core, value.own))
    if isinstance(value, tuple):
        return all(map(can_be_saved, value))
    if isinstance(value, dict):
        return json.loads(json.dumps(value)) == value
    if isinstance(value, np.ndarray | csr_array):
        return value.dtype.kind in "biuf"
    return isinstance(value, Diagonal | str | int | float)


def test_its_parameters_are_checked(name: str) -> None:
    with pytest.raises(RecsysError, match="Did you mean 'weighting'"):
        create(name, weightin=1)
    with pytest.raises(RecsysError, match="weighting"):
        create(name, weighting="heavy")
    grid = scorer_class(name).GRID
    assert grid
    for parameter, values in grid.items():
        for value in values:
            assert getattr(create(name, **{parameter: value}), parameter) == value


def test_a_run_takes_the_default_ones_and_any_other_that_is_named() -> None:
    assert tuple(Config().scorers) == DEFAULT
    assert set(DEFAULT) < set(SCORERS)
    assert list(Config().only(["user_knn"]).scorers) == ["user_knn"]


def test_an_unknown_scorer_is_answered_with_the_nearest() -> None:
    with pytest.raises(RecsysError, match="Did you mean 'ease'"):
        create("eaze")


def explained(scorer: Scorer, query: Query, row: int, item: int) -> Any:
    assert isinstance(scorer, Explains)
    return scorer.explain(query, row, item)


def test_what_needs_no_fit_is_the_same_as_fitted(name: str, board: kg.KnowledgeGraph) -> None:
    start = made(name)
    if not isinstance(start, LinearScorer):
        return
    if isinstance(start, Walks):  # what validation taught goes into the next fit; without it, no two fits weigh alike
        paths = map(str, metapaths(board, start.weighting, start.max_steps))
        start = replace(start, metapath_weights=dict.fromkeys(paths, 1.0))
    start.fit(board)
    for parameter, values in getattr(start, "GRID", {}).items():
        for value in values if parameter in start.EMPHASIS else ():
            light = start.emphasised(board, **{parameter: value})
            again = replace(light).fit(board)
            np.testing.assert_array_equal(light.score(board.query()), again.score(board.query()), str(value))
