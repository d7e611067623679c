"""Whatever there is time for: the sum is whole, and it is said when something was added up or left uncounted."""

import pytest

import kg
from recsys.deadline import EDGES_PER_MS, NEVER, Deadline
from recsys.explanation.contract import as_json
from recsys.explanation.steps import broken
from recsys.explanation.telling import Teller
from recsys.explanation.words import words
from recsys.fusion import Fusion
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.walks import Walks
from recsys.types import MANY, Explanation, Placement, explainer
from tests.recsys.scorers.shops import shop


def test_work_is_allowed_by_the_edges_that_the_time_is_enough_for() -> None:
    times = iter([5.0, 5.0, 5.006, 5.006, 6.0])
    deadline = Deadline(10, clock=lambda: next(times))
    assert deadline.allows(9 * EDGES_PER_MS)
    assert deadline.allows(3 * EDGES_PER_MS)
    assert deadline.cut_ms is None
    assert not deadline.allows(5 * EDGES_PER_MS)
    assert deadline.cut_ms == 10
    assert deadline.allows(0)
    assert not deadline.allows(1)


def test_without_a_deadline_nothing_is_cut() -> None:
    assert NEVER.allows(10**18)
    assert NEVER.cut_ms is None


def test_what_there_is_no_time_for_is_added_up_and_the_sum_is_whole() -> None:
    graph = shop(7)
    network = LightGCN(embedding_size=4, n_epochs=1, n_steps=1, batch_size=16)
    fusion = Fusion({"walks": Walks(), "lightgcn": network}).fit(graph)
    query = graph.query()
    for row, item in [(0, 0), (3, 4), (5, 9)]:
        whole, cut = (explainer(fusion, query, row, deadline)(item) for deadline in (NEVER, Deadline(0)))
        assert (whole.cut_ms, cut.cut_ms) == (None, 0)
        assert cut.complete
        assert not broken(graph, cut)
        assert cut.score == pytest.approx(whole.score)
        for name in fusion.parts:
            of_part = [sum(part.value for part in told.contributions if part.scorer == name) for told in (whole, cut)]
            assert of_part[0] == pytest.approx(of_part[1], rel=1e-5)
        longer = [part.path.nodes for part in cut.contributions if part.path and len(part.path.nodes) > 3]
        assert all(node == MANY for nodes in longer for node in nodes[1:-1])
        assert {part.kind for part in cut.contributions if part.scorer == "lightgcn"} <= {"link", "path"}


@pytest.mark.parametrize(("language", "said"), [("en", "Cut after 0 ms"), ("zh", "0毫秒后截断")])
def test_customers_that_there_is_no_time_to_count_are_not_counted(
    graph: kg.KnowledgeGraph, walked: Explanation, language: str, said: str
) -> None:
    told = Teller(graph, budget_ms=0).tell(walked)
    document = as_json(told, Placement(1, 1), language=language)
    assert document["cut_ms"] == 0
    assert said in words(told, language=language)[-1]
    crowds = [stop for part in document["contributions"] for stop in part["path"] if not stop.get("counted", True)]
    assert crowds
    assert all(stop["count"] is None and stop["type"] == "user" for stop in crowds)
    assert sum(part["value"] for part in document["contributions"]) == pytest.approx(told.score)
