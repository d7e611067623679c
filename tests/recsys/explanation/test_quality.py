"""Explanations that are wrong in one way each, and the measure that must say so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.sparse import csr_array

import kg
from kg.query import Query
from recsys.explanation.asked import Asked, Draw
from recsys.explanation.deletion import MOST, degrees_of, deletion, fallen
from recsys.explanation.flips import flips
from recsys.explanation.quality import _broad, measured, quality
from recsys.explanation.steps import n_steps
from recsys.fusion import Fusion
from recsys.scorers.popularity import Popularity
from recsys.scorers.repeat import Repeat
from recsys.scorers.walks import Walks
from recsys.types import Contribution, Explanation, Holdout, Path, Scores


@dataclass
class Lying:
    """The walks' own scores, and their explanations as `lie` makes them."""

    walks: Walks
    name: str = "lying"
    additive: bool = True

    def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Lying:
        return self

    def score(self, query: Query) -> Scores:
        return self.walks.score(query)

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        told = self.walks.explain(query, row, item)
        return replace(told, contributions=self.lie(told.contributions))

    def lie(self, parts: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
        return parts


class Incomplete(Lying):
    def lie(self, parts: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
        return parts[1:]


class Invented(Lying):
    """Every path ends with a step along a relation that there is not."""

    def lie(self, parts: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
        return tuple(
            replace(part, path=replace(part.path, relations=(*part.path.relations[:-1], "rev_colour")))
            for part in parts
            if part.path
        )


class Upside(Lying):
    """What adds least is said to add most."""

    def lie(self, parts: tuple[Contribution, ...]) -> tuple[Contribution, ...]:
        total = sum(part.value for part in parts)
        swapped = [replace(part, value=1 / part.value) for part in parts]
        scale = total / sum(part.value for part in swapped) if parts else 1.0
        return tuple(replace(part, value=part.value * scale) for part in swapped)


@pytest.fixture(scope="module")
def walks(graph: kg.KnowledgeGraph) -> Walks:
    return Walks().fit(graph)


@pytest.fixture(scope="module")
def holdout(graph: kg.KnowledgeGraph) -> Holdout:
    query = graph.query()
    popularity = np.bincount(query.nodes[query.nodes >= query.items.start] - query.items.start, minlength=graph.n_items)
    targets = csr_array((len(query), graph.n_items), dtype=np.float32)
    return Holdout(query, targets, popularity=popularity[: graph.n_items])


def row(scorer: Lying | Walks, graph: kg.KnowledgeGraph, holdout: Holdout) -> dict:
    return quality({"one": scorer}, graph, holdout, "include", n_pairs=100)["by_scorer"][0]


def test_the_walks_own_explanations_are_good(walks: Walks, graph: kg.KnowledgeGraph, holdout: Holdout) -> None:
    found = row(walks, graph, holdout)
    assert found["pairs"] > 20
    assert found["completeness"] == found["validity"] == found["path_share"] == 1
    assert found["steps"] > found["pairs"]
    assert found["deletion"]["areas"]["strongest"] < found["deletion"]["areas"]["random"]


def test_a_contribution_kept_back_is_caught(walks: Walks, graph: kg.KnowledgeGraph, holdout: Holdout) -> None:
    found = row(Incomplete(walks), graph, holdout)
    assert found["completeness"] < 0.1
    assert found["residual_max"] > 1e-2


def test_an_invented_edge_is_caught(walks: Walks, graph: kg.KnowledgeGraph, holdout: Holdout) -> None:
    found = row(Invented(walks), graph, holdout)
    assert found["completeness"] == 1
    assert found["validity"] < 0.9


def test_a_cause_that_is_none_is_caught(walks: Walks, graph: kg.KnowledgeGraph, holdout: Holdout) -> None:
    true, false = (row(scorer, graph, holdout)["deletion"] for scorer in (walks, Upside(walks)))
    assert false["pairs"] == true["pairs"]
    assert false["lower"] < true["lower"]
    assert false["areas"]["strongest"] > true["areas"]["strongest"]


def test_falls_are_those_of_scoring_anew(walks: Walks, graph: kg.KnowledgeGraph) -> None:
    query = graph.query(["ann"])
    item = graph.node("item", "teapot") - query.items.start
    told = walks.explain(query, 0, item)
    pair = Asked(query, item, float(walks.score(query)[0, item]), told, 0.0)
    fall = fallen(walks, pair, degrees_of(graph), np.random.default_rng(0))
    assert fall is not None
    strongest = next(iter(pair.by_node))
    without = query.without(np.flatnonzero(query.nodes == strongest))
    assert fall.top == pytest.approx(pair.score - walks.score(without)[0, item], rel=1e-5)
    assert fall.strongest[0] == pytest.approx(1)
    assert 0 < fall.ratio <= MOST
    assert fall.strongest[-1] == pytest.approx(0, abs=1e-6)  # she has fewer than five


def test_what_newcomers_are_told_is_no_part_of_a_fall(walks: Walks, graph: kg.KnowledgeGraph) -> None:
    fusion = Fusion({"walks": walks, "popularity": Popularity().fit(graph)})
    fusion.weights_, fusion.newcomers_ = np.array([1.0, 0.1]), np.array([0.0, 9.0])
    query = graph.query(["ann"])
    item = graph.node("item", "teapot") - query.items.start
    told = fusion.explain(query, 0, item)
    pairs = [Asked(query, item, float(fusion.score(query)[0, item]), told, 0.0)]
    found = deletion(fusion, pairs, degrees_of(graph), 0)
    assert found["curves"]["strongest"][-1] == pytest.approx(0, abs=1e-6)


def test_nothing_falls_where_no_event_speaks(graph: kg.KnowledgeGraph, walks: Walks) -> None:
    query = graph.query(["ann"])
    constant = Contribution(1.0, "constant", "lying", path=Path((query.items.start,)))
    told = Explanation.of(query, 0, 0, 1.0, (constant,), additive=True)
    assert deletion(walks, [Asked(query, 0, 1.0, told, 0.0)], degrees_of(graph), 0) == {"pairs": 0}


def test_a_path_through_one_category_covers_nothing(graph: kg.KnowledgeGraph) -> None:
    query = graph.query(["ann"])
    mug, teapot = (graph.node("item", name) for name in ("mug", "teapot"))
    crockery, finland = graph.node("category", "crockery"), graph.node("country", "Finland")
    ways = {
        "category": Path((mug, crockery, teapot), ("category", "rev_category")),
        "customers": Path((mug, -1, teapot), ("rev_purchase", "purchase"), 6),
        "country": Path((finland, -1, teapot), ("rev_lives_in", "purchase"), 6),
        "interest": Path((crockery, teapot), ("rev_category",)),
        "again": Path((teapot,)),
    }
    broad = _broad(graph, degrees_of(graph))
    covered = {}
    for name, path in ways.items():
        parts = (Contribution(1.0, "path", "lying", path=path),)
        told = Explanation.of(query, 0, teapot - query.items.start, 1.0, parts, additive=True)
        covered[name] = measured([Asked(query, teapot - query.items.start, 1.0, told, 0.0)], graph, broad)["covered"]
    assert covered == {"category": 0, "customers": 1, "country": 1, "interest": 0, "again": 1}


def test_counterfactuals_hold(fusion: Fusion, holdout: Holdout) -> None:
    assert holdout.popularity is not None
    warm = holdout.popularity > 0
    pairs = Draw.of(holdout, 60, 2, seed=1).ask(fusion, warm)
    found = flips(fusion, pairs, 2, ())
    assert found["pairs"] == len(pairs)
    assert 0 < found["flipped"] <= 1
    assert found["verified"] == 1
    assert found["flipped"] >= found["greedy"]


def test_a_part_that_cannot_explain_is_said_to_be_so(graph: kg.KnowledgeGraph, holdout: Holdout) -> None:
    class Mute:
        def fit(self, graph: kg.KnowledgeGraph, validation: Holdout | None = None) -> Mute:
            return self

        def score(self, query: Query) -> Scores:
            return np.ones((len(query), len(query.items)), np.float32)

    mixed = Fusion({"repeat": Repeat(), "mute": Mute()}).fit(graph)
    document = quality({"mute": Mute(), "fusion": mixed}, graph, holdout, "include", n_pairs=5)
    assert [(entry["exact"], entry["pairs"]) for entry in document["by_scorer"]] == [(False, 0), (False, 0)]


def test_the_draw_is_of_places_each_once_and_of_warm_people(holdout: Holdout) -> None:
    draw = Draw.of(holdout, 50, 3, seed=4)
    assert len({*zip(draw.rows.tolist(), draw.places.tolist(), strict=True)}) == len(draw.rows)
    assert np.diff(draw.query.indptr).min() > 0
    assert draw.places.max() < 3
    again = Draw.of(holdout, 50, 3, seed=4)
    assert (draw.rows == again.rows).all()


def test_steps_are_counted_once(walked: Explanation) -> None:
    assert n_steps(walked) == 3 + 4 * 2  # bought the mug, viewed it, bought the spoon; four paths of two steps
