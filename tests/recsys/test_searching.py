"""What a search may change of every scorer, and that it changes just that."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from optuna.trial import FixedTrial

import kg
from kg.query import Weighting
from recsys.demand import Demand
from recsys.grid import Span
from recsys.scorers import SCORERS, create
from recsys.searching import changed, present, proposed, space, suggested
from tests.recsys.scorers.shops import shop


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    return shop(0)


@pytest.mark.parametrize("name", SCORERS)
def test_a_scorer_as_it_comes_lies_within_its_own_space(name: str, graph: kg.KnowledgeGraph) -> None:
    scorer: Any = create(name)
    found = space(scorer, graph)
    assert found
    values = present(scorer, found)
    assert changed(scorer, values) == scorer or "weighting.kinds.view" in values  # said now, what went without saying
    told = proposed(values, found)
    assert suggested(FixedTrial(told), found) == values, "a default outside its span, or of more digits than are tried"


@pytest.mark.parametrize("name", SCORERS)
def test_both_ends_of_every_span_are_parameters(name: str, graph: kg.KnowledgeGraph) -> None:
    scorer: Any = create(name)
    for parameter, values in space(scorer, graph).items():
        assert isinstance(values, Span) or values
        for value in (values.low, values.high) if isinstance(values, Span) else values:
            other = changed(scorer, {parameter: value})
            assert present(other, [parameter]) == {parameter: value}
            assert other != scorer or present(scorer, [parameter]) == {parameter: value}


def test_compound_parameters_are_searched_by_their_parts(graph: kg.KnowledgeGraph) -> None:
    scorer: Any = create("ease", weighting=Weighting({"cart": 0.2}))
    found = space(scorer, graph)
    assert {"demand.now", "weighting.half_life", "weighting.kinds.view", "l2"} < set(found)
    assert not {"weighting.kinds.purchase", "weighting.kinds.return", "weighting.kinds.cart"} & set(found)
    other = changed(scorer, {"demand.now": 1.5, "weighting.kinds.view": 0.7, "weighting.half_life": 30.0})
    assert other.demand == Demand(now=1.5)
    assert other.weighting == Weighting({"cart": 0.2, "view": 0.7}, 30.0)


def test_what_is_given_is_not_searched(graph: kg.KnowledgeGraph) -> None:
    found = space(create("ease"), graph, fixed=["demand", "l2"])
    assert not [name for name in found if name.startswith("demand") or name == "l2"]


def test_without_times_nothing_fades() -> None:
    log = pd.DataFrame({"user_id": list("aabb"), "item_id": list("xyyz")})
    found = space(create("ease"), kg.build(kg.Tables.of(events=log)))
    assert "l2" in found
    assert not [name for name in found if "half_life" in name or "demand" in name]
