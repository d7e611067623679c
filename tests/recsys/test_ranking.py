"""From numbers to an order: ties, masks, padding, filters; a slow twin sorts everything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy.sparse import csr_array

import kg
from kg.config import Derive
from kg.steps.derive import derive
from recsys.blocks import blocks
from recsys.errors import RecsysError
from recsys.ranking import available, in_category, listed, priced, rank, recommend, top
from recsys.scorers.popularity import Popularity

Matrix = NDArray[np.float32]
few_values = st.sampled_from([-1.0, 0.0, 0.5, 2.0, -np.inf])  # so that ties are the rule
maybe_unknown = st.sampled_from([-1.0, 0.0, 0.5, 2.0, np.nan, np.inf])


@st.composite
def matrices(draw: st.DrawFn, values: st.SearchStrategy[float] = few_values) -> Matrix:
    shape = draw(st.tuples(st.integers(0, 4), st.integers(1, 9)))
    return draw(arrays(np.float32, shape, elements=values))


@given(scores=matrices(), k=st.integers(1, 12))
def test_top_is_a_stable_sort_cut_short(scores: Matrix, k: int) -> None:
    wanted = [sorted(range(len(row)), key=lambda item, row=row: (-row[item], item))[:k] for row in scores]
    found = top(scores, k)
    assert found.shape == (len(scores), min(k, scores.shape[1]))
    assert found.tolist() == wanted


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 9), n=st.integers(64, 5000), n_values=st.sampled_from([1, 3, 999]))
def test_of_wide_rows_it_is_too(seed: int, k: int, n: int, n_values: int) -> None:
    scores = np.random.default_rng(seed).integers(0, n_values, (4, n)).astype(np.float32)
    scores[1] = -np.inf
    scores[2, ::2] = -np.inf
    np.testing.assert_array_equal(top(scores, k), np.argsort(-scores, axis=1, kind="stable")[:, :k])


@given(data=st.data(), scores=matrices(maybe_unknown), k=st.integers(1, 12))
def test_rank_shows_the_best_that_may_be_shown(data: st.DataObject, scores: Matrix, k: int) -> None:
    n_rows, n_items = scores.shape
    allowed = data.draw(st.none() | arrays(np.bool_, n_items))
    excluded = data.draw(st.none() | arrays(np.bool_, (n_rows, n_items)))
    before = scores.copy()
    found = rank(scores, k, excluded=None if excluded is None else csr_array(excluded), allowed=allowed)
    np.testing.assert_array_equal(scores, before)
    for row in range(n_rows):
        shown = [
            item
            for item in range(n_items)
            if not np.isnan(scores[row, item])
            and (allowed is None or allowed[item])
            and (excluded is None or not excluded[row, item])
        ]
        best = sorted(shown, key=lambda item, row=row: (-scores[row, item], item))[:k]
        assert found.items[row].tolist() == best + [-1] * (k - len(best))
        np.testing.assert_array_equal(found.scores[row, : len(best)], scores[row, best])
        assert np.isnan(found.scores[row, len(best) :]).all()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 4), n=st.integers(256, 600), masked=st.booleans())
def test_of_wide_rows_too(seed: int, k: int, n: int, masked: bool) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 9, (5, n)).astype(np.float32)
    scores[rng.random(scores.shape) < 0.3] = np.nan
    scores[1] = np.nan
    scores[2, 2:] = np.nan
    scores[3, rng.random(n) < 0.9] = -np.inf
    excluded = csr_array(rng.random(scores.shape) < 0.1)
    allowed = rng.random(n) < 0.5 if masked else None
    before = scores.copy()
    found = rank(scores, k, excluded=excluded, allowed=allowed)
    np.testing.assert_array_equal(scores, before)
    barred = (excluded.toarray() > 0) | np.isnan(scores) | (False if allowed is None else ~allowed)
    kept = np.where(barred, -np.inf, scores)
    wanted = np.argsort(-kept, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(kept, wanted, axis=1)
    np.testing.assert_array_equal(found.items, np.where(best > -np.inf, wanted, -1))
    np.testing.assert_array_equal(found.scores, np.where(best > -np.inf, best, np.nan))


@given(n_rows=st.integers(0, 50), n_items=st.integers(0, 40), at_once=st.integers(1, 500))
def test_blocks_are_all_rows_in_pieces_that_fit(n_rows: int, n_items: int, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsys.blocks.BLOCK_BYTES", at_once)
        pieces = list(blocks(n_rows, n_items))
    assert [row for piece in pieces for row in range(n_rows)[piece]] == list(range(n_rows))
    for piece in pieces:
        n = piece.stop - piece.start
        assert n == 1 or 4 * n * n_items <= at_once


@pytest.fixture(scope="module")
def shop() -> kg.KnowledgeGraph:
    """Mugs sold to three, two, one; a category tree  home > kitchen; garden; one item without a price."""
    sold = [("ann", "red"), ("bob", "red"), ("cat", "red"), ("ann", "blue"), ("bob", "blue"), ("cat", "spade")]
    events = pd.DataFrame(sold, columns=["user_id", "item_id"])
    items = pd.DataFrame(
        {
            "item_id": ["red", "blue", "spade", "lamp"],
            "title": ["Red mug", "Blue mug", "Spade", "Lamp"],
            "price": [2.0, 3.0, 10.0, None],
            "available": [True, False, True, True],
        }
    )
    facts = pd.DataFrame(
        [
            ("red", "item", "category", "kitchen", "category"),
            ("blue", "item", "category", "kitchen", "category"),
            ("spade", "item", "category", "garden", "category"),
            ("lamp", "item", "category", "home", "category"),
            ("kitchen", "category", "broader", "home", "category"),
        ],
        columns=["head", "head_type", "relation", "tail", "tail_type"],
    ).assign(literal=False)
    return kg.build(kg.Tables.of(events=events, items=items, facts=facts))


def named(graph: kg.KnowledgeGraph, mask: NDArray[np.bool_]) -> set[str]:
    return set(graph.nodes["item"].ids.to_ids(np.flatnonzero(mask)))


def test_masks_name_what_may_be_shown(shop: kg.KnowledgeGraph) -> None:
    assert named(shop, available(shop)) == {"red", "spade", "lamp"}
    assert named(shop, priced(shop, 2.5)) == {"blue", "spade"}
    assert named(shop, priced(shop, high=3)) == {"red", "blue"}
    assert named(shop, in_category(shop, "home")) == {"red", "blue", "lamp"}
    assert named(shop, in_category(shop, "kitchen")) == {"red", "blue"}
    assert named(shop, listed(shop, ["lamp", "red"])) == {"lamp", "red"}
    assert named(shop, in_category(shop, "home") & available(shop)) == {"red", "lamp"}


def test_a_mask_that_cannot_be_made_says_why(shop: kg.KnowledgeGraph) -> None:
    with pytest.raises(RecsysError, match="kitchen"):
        in_category(shop, "kitchn")
    with pytest.raises(RecsysError, match="vase"):
        listed(shop, ["red", "vase"])
    bare = kg.build(kg.Tables.of(events=pd.DataFrame({"user_id": ["a"], "item_id": ["x"]})))
    with pytest.raises(RecsysError, match="prices"):
        priced(bare)
    with pytest.raises(RecsysError, match="categories"):
        in_category(bare, "home")
    with pytest.raises(RecsysError, match="what is available") as unknown:
        available(bare)
    assert "drop the filter" in unknown.value.fix


def test_a_category_may_have_a_comma() -> None:
    items = pd.DataFrame({"item_id": ["hoe", "pot", "cup"], "category": ["Garden, garden", "Garden, garden", "garden"]})
    tables = kg.Tables.of(events={"user_id": ["ann"], "item_id": ["hoe"]}, items=items)
    shop = kg.build(derive(tables, Derive(item_attributes=("category",))))
    assert named(shop, in_category(shop, "Garden, garden")) == {"hoe", "pot"}
    assert named(shop, in_category(shop, "garden, GARDEN")) == {"hoe", "pot"}
    assert named(shop, in_category(shop, "garden")) == {"cup"}


def test_prices_that_are_no_range(shop: kg.KnowledgeGraph) -> None:
    for low, high in ((5, 4), (float("nan"), 4)):
        with pytest.raises(RecsysError, match="no price is in this range"):
            priced(shop, low, high)


def test_recommend_in_blocks_is_recommend_at_once(shop: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer, query = Popularity().fit(shop), shop.query()
    at_once = recommend(scorer, query, 3, exclude_kinds=("purchase",))
    monkeypatch.setattr("recsys.blocks.BLOCK_BYTES", 1)
    in_blocks = recommend(scorer, query, 3, exclude_kinds=("purchase",))
    np.testing.assert_array_equal(in_blocks.items, at_once.items)
    for row, user in enumerate(shop.nodes["user"].ids.ids):
        bought = {"ann": {"red", "blue"}, "bob": {"red", "blue"}, "cat": {"red", "spade"}}[user]
        items = at_once.items[row]
        assert named(shop, np.isin(range(4), items)) == {"red", "blue", "spade", "lamp"} - bought


def test_recommend_for_nobody_is_an_empty_table(shop: kg.KnowledgeGraph) -> None:
    found = recommend(Popularity().fit(shop), shop.query([]), 3)
    assert found.items.shape == found.scores.shape == (0, 3)
    assert found.to_frame(shop).empty
