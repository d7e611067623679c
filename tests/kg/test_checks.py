"""Every check finds what was planted, and nothing in a graph without a fault."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.checks import CHECKS, Finding, check
from kg.faults import Checked, Window
from kg.graph import Edges, KnowledgeGraph, Relation, numbered
from tests.kg.graphs import graphs

N = 40  # items, two of each title
EVENT, BRAND, COLOUR = ("user", "purchase", "item"), ("item", "brand", "brand"), ("item", "colour", "colour")
BROADER, CATEGORY = ("category", "broader", "category"), ("item", "category", "category")


def shop(**others: list[tuple[int, int, int]]) -> KnowledgeGraph:
    """A sound graph, and some of its relations otherwise: rows (source, target, time), no time: −1."""
    rows: dict[Relation, list[tuple[int, int, int]]] = {
        EVENT: [(item % 3, item, item) for item in range(N)],
        BRAND: [(item, item % 4, -1) for item in range(N)],
        COLOUR: [(item, item // 2, -1) for item in range(N)],
        CATEGORY: [(item, 1 + item % 3, -1) for item in range(N)],
        BROADER: [(1, 0, -1), (2, 0, -1), (3, 1, -1)],
    }
    nodes = numbered(
        {
            "user": ("abc", ("Ann", "Bob", "Cid")),
            "item": ([f"i{item}" for item in range(N)], [f"mug {item // 2}" for item in range(N)]),
            "brand": ("ABCD", ("Acme", "Best", "Cosy", "Dot")),
            "colour": ([str(place) for place in range(N // 2)],) * 2,
            "category": ("0123", ("All", "Mugs", "Cups", "Tea mugs")),
        }
    )
    by_name = {relation[1]: relation for relation in rows}
    rows |= {by_name[name]: changed for name, changed in others.items()}
    edges = {}
    for relation, own in rows.items():
        sources, targets, times = np.array(own, np.int64).reshape(-1, 3).T
        times = np.where(times < 0, np.iinfo(np.int32).max, times)
        edges[relation] = Edges.of(sources, targets, len(nodes[relation[0]]), None, times)
    return KnowledgeGraph(nodes, edges, 1000, N)


def rows_of(name: str) -> list[tuple[int, int, int]]:
    graph = shop()
    edges = graph.relations[graph.find(name)]
    times = np.where(edges.time == np.iinfo(np.int32).max, -1, edges.time)
    return list(zip(edges.sources.tolist(), edges.indices.tolist(), times.tolist(), strict=True))


def found(name: str, checked: Checked) -> Finding:
    (finding,) = check(checked, [name])
    return finding


def test_a_sound_graph_has_no_finding() -> None:
    graph = shop()
    findings = check(Checked(graph, (Window("train", graph, 1000 + N),)))
    assert [finding.check for finding in findings] == [*CHECKS]
    assert [finding.count for finding in findings] == [0] * len(CHECKS)
    assert not any(finding.examples or finding.failed for finding in findings)


def test_a_cycle_of_a_taxonomy_is_named() -> None:
    finding = found("taxonomy cycles", Checked(shop(broader=[*rows_of("broader"), (0, 3, -1)])))
    assert (finding.count, finding.failed) == (1, True)
    assert finding.examples == ("All (category:0) → Tea mugs (category:3) → Mugs (category:1) → All (category:0)",)


def test_what_lies_below_itself_is_a_cycle_and_so_is_each_of_two() -> None:
    assert found("taxonomy cycles", Checked(shop(broader=[(2, 2, -1)]))).examples == (
        "Cups (category:2) → Cups (category:2)",
    )
    assert found("taxonomy cycles", Checked(shop(broader=[(0, 1, -1), (1, 0, -1), (2, 3, -1), (3, 2, -1)]))).count == 2


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=8))
def test_as_many_cycles_are_found_as_networkx_knows_knots(links: set[tuple[int, int]]) -> None:
    told = nx.DiGraph([*links])
    knots = [part for part in nx.strongly_connected_components(told) if told.subgraph(part).size()]
    assert found("taxonomy cycles", Checked(shop(broader=[(*link, -1) for link in links]))).count == len(knots)


def test_several_roots_are_told_and_are_no_error() -> None:
    finding = found("taxonomy roots", Checked(shop(broader=[(1, 0, -1), (3, 2, -1)])))
    assert (finding.count, finding.examples) == (2, ("All (category:0)", "Cups (category:2)"))
    assert finding.severity == "information"


def test_an_item_without_a_fact_and_one_without_an_event() -> None:
    bare = {name: [row for row in rows_of(name) if row[0] != 7] for name in ("brand", "colour", "category")}
    assert found("orphans", Checked(shop(**bare))).examples == ("mug 3 (item:i7)",)
    cold = shop(purchase=[row for row in rows_of("purchase") if row[1] != 9])
    assert found("cold items", Checked(cold)).examples == ("mug 4 (item:i9)",)


def test_a_node_that_most_share_is_a_hub() -> None:
    finding = found("hubs", Checked(shop(brand=[(item, item // 30, -1) for item in range(N)])))
    assert finding.examples == ("Acme (brand:A): 75% of brand",)


def test_a_second_value_where_others_have_one_is_a_contradiction() -> None:
    finding = found("contradictions", Checked(shop(brand=[*rows_of("brand"), (0, 1, -1)])))
    assert finding.examples == ("mug 0 (item:i0): 2 brand",)
    many = shop(brand=[*rows_of("brand"), *((item, (item + 1) % 4, -1) for item in range(0, N, 4))])
    assert found("contradictions", Checked(many)).count == 0  # having several is usual


def test_the_same_title_and_facts_are_a_duplicate() -> None:
    same = {name: [(item, item // 2 % 4, -1) for item in range(N)] for name in ("brand", "category")}
    finding = found("duplicates", Checked(shop(**same)))
    assert finding.count == N // 2
    assert finding.examples[0] == "mug 0 (item:i1) = i0"
    assert len(finding.examples) == 5


def test_events_of_one_second_are_counted() -> None:
    graph = shop(purchase=[*rows_of("purchase"), (0, 0, 0), (0, 0, 0), (0, 0, 1)])
    finding = found("parallel events", Checked(graph))
    assert (finding.count, finding.examples[0]) == (2, "Ann (user:a) —purchase→ mug 0 (item:i0)")


def test_an_event_at_the_end_of_its_window_is_leakage() -> None:
    graph = shop()
    finding = found("leakage", Checked(graph, (Window("train", graph, 1000 + N - 1),)))
    assert (finding.count, finding.failed) == (1, True)
    assert finding.examples == ("train: purchase of Ann (user:a)",)


def test_a_derived_edge_of_a_later_time_is_leakage() -> None:
    graph = shop(brand=[(0, 0, -1), (1, 1, N), (2, 1, N - 1)])
    finding = found("leakage", Checked(graph, (Window("train", graph, 1000 + N),)))
    assert finding.examples == ("train: brand of mug 0 (item:i1)",)


def test_damaged_files_are_errors() -> None:
    finding = found("files", Checked(shop(), damaged=(Path("graph/all/edges"),)))
    assert (finding.failed, finding.examples) == (True, ("graph/all/edges",))


@pytest.mark.parametrize("name", [*CHECKS])
def test_a_finding_says_what_to_make_of_it(name: str) -> None:
    told = found(name, Checked(shop())).to_json()
    assert set(told) == {"name", "severity", "count", "examples", "meaning"}
    assert told["meaning"].endswith((".", "?"))


@settings(deadline=None, max_examples=50)
@given(graphs())
def test_counts_are_those_of_plain_loops(graph: KnowledgeGraph) -> None:
    """Orphans, cold items, parallel events and duplicates, over again with sets."""
    facts, events, parallel = {}, set(), 0
    for relation, edges in graph.relations.items():
        seen = set()
        for head, tail, time in zip(edges.sources.tolist(), edges.indices.tolist(), edges.time.tolist(), strict=True):
            if relation in graph.event_relations:
                events.add(tail)
                parallel += time != np.iinfo(np.int32).max and (head, tail, time) in seen
                seen.add((head, tail, time))
            else:
                if relation[0] == "item":
                    facts.setdefault(head, set()).add((relation, tail))
                if relation[2] == "item":
                    facts.setdefault(tail, set())
    titles = [" ".join(title.casefold().split()) for title in graph.nodes["item"].labels]
    known = [(title, frozenset(facts.get(item, ()))) for item, title in enumerate(titles)]
    counted = {finding.check: finding.count for finding in check(Checked(graph))}
    assert counted["orphans"] == graph.n_items - len(facts)
    assert counted["cold items"] == graph.n_items - len(events)
    assert counted["parallel events"] == parallel
    assert counted["duplicates"] == len(known) - len(set(known))
