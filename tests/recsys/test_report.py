from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import kg
from kg.picture import schema_picture
from recsys import charts
from recsys.report import Cut, Report

HOSTILE = '<script>alert("&")</script>'
METRICS = ("ndcg", "recall", "coverage")
CUT = Cut("time", (1317513600, 1320537600), {"pairs": 1234, "near": 0, "texts": 0})


def figure(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


def document(
    repeats: str = "include", groups: tuple[str, ...] = ("repeat", "explore"), **changes: Any
) -> dict[str, Any]:
    """Figures of four scorers, one with a name that is HTML; every mean is another number."""
    names = ["popularity", HOSTILE, "ease", "fusion"]
    rows = [
        {
            "name": name,
            "metrics": {f"{metric}@{k}": figure(place / 10 + k / 1000) for metric in METRICS for k in (5, 10)},
            "groups": {group: {"ndcg@5": figure(place / 9)} for group in groups},
            "strata": {"activity": {"1 to 5": {"users": 9, "metrics": {"ndcg@5": figure(place / 8)}}}},
            "recall_curve": [place / 100 * k for k in range(1, 11)],
        }
        for place, name in enumerate(names, start=1)
    ]
    protocol = {
        "repeats": repeats, "k": [5, 10], "decisive": "ndcg@5", "level": 0.95, "resamples": 2000, "users": 1234,
        "left_out": {"unknown_users": 56, "pairs_with_unknown_items": 0},
    }  # fmt: skip
    gain = {"difference": 0.02, "low": 0.01, "high": 0.03, "p": 0.0005}
    return {"protocol": protocol, "scorers": rows, "best_single": "ease", "fused_vs_best": gain} | changes


@pytest.fixture(scope="module")
def page() -> str:
    data = {
        "rows_read": 4321, "events": {"purchase": 4000}, "users": 300, "items": 200,
        "rules": [{"name": HOSTILE, "rows": 17, "removed": 16}],
        "rejects": [{"file": "log.csv", "line": 17, "column": "time", "value": HOSTILE, "reason": "is no time"}],
    }  # fmt: skip
    graph = {
        "nodes": {"user": 300, "item": 200},
        "relations": [{"source": "user", "name": "purchase", "target": "item", "edges": 4000}],
    }
    weights = {"include": {"popularity": 0.0, "ease": 3.0}, "exclude": {"popularity": 1.0, "ease": 1.0}}
    schema = schema_picture(toy_graph())
    report = Report("A <shop>", {"include": document()}, weights, data, graph, schema, CUT)
    return report.to_html()


def toy_graph() -> kg.KnowledgeGraph:
    events = pd.DataFrame({"user_id": ["a", "b"], "item_id": ["x", "x"], "time": pd.to_datetime(["2024-01-01"] * 2)})
    return kg.build(kg.Tables.of(events=events))


class Tags(HTMLParser):
    """The tags of a page with their attributes, and a check that every one is closed in its turn."""

    VOID = ("meta",)

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def parsed(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    return tags


def test_a_page_is_whole_and_loads_nothing(page: str) -> None:
    found = parsed(page).found
    assert not [tag for tag, _ in found if tag in ("script", "link", "img", "iframe", "object")]
    assert not [value for _, given in found for name, value in given.items() if name in ("src", "href", "xlink:href")]
    assert "@import" not in page
    assert "url(" not in page


def test_names_are_text(page: str) -> None:
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 5  # two tables, their groups, a rule, the charts
    assert "A &lt;shop&gt;" in page


def test_every_scorer_stands_in_every_table_the_fusion_last(page: str) -> None:
    bodies = [body for body in re.findall(r"<tbody>(.*?)</tbody>", page, re.S) if "fusion" in body]
    assert len(bodies) == 4  # lists of 5, lists of 10, groups, activity
    for body in bodies:
        assert body.count("<tr") == 4
        assert body.rpartition("<tr")[2].startswith(' class="fusion"><td class="text">fusion</td>')
    assert "0.405<small>0.395 – 0.415</small>" in bodies[0]


def test_the_best_single_scorer_is_marked_in_every_table(page: str) -> None:
    marked = re.findall(r'<tr class="best">.*?</tr>', page)
    assert len(marked) == 4
    assert all("ease<small>best single</small>" in row for row in marked)
    assert page.count("best single</small>") == 4


def test_a_mean_that_is_no_estimate_has_no_interval() -> None:
    judged = document()
    for row in judged["scorers"]:
        row["metrics"]["coverage@5"] = {"mean": 0.777, "low": 0.777, "high": 0.777}
    assert "<td>0.777</td>" in Report("", {"include": judged}).to_html()


def test_counts_of_data_and_graph_are_told(page: str) -> None:
    for told in ("4,321 rows read", "4,000 purchase", "1,234 users", "56 unknown users", "user → purchase → item"):
        assert told in page
    assert "Test period from 6 November 2011; validation from 2 October 2011" in page
    assert "Of the test, 1,234 pairs of user and item stand before it, too." in page
    assert "Left out: 56 unknown users." in page


def test_a_split_without_common_moments_says_so() -> None:
    for cut, told in (
        (Cut("leave-last-out", (None, None)), "Each user’s last event is the test"),
        (Cut("given", (None, None)), "which part each event belongs to"),
        (Cut("random, 10% of …"), "Drawn by chance: random, 10% of …."),
    ):
        assert told in Report("", {}, cut=cut).to_html()
    assert "is the test" not in Report("", {}).to_html()


def test_values_that_could_not_be_read_are_listed_up_to_a_number() -> None:
    reject = {"file": "log.csv", "line": 17, "column": "time", "value": "soon", "reason": "is no time"}
    data = {"rows_read": 9999, "events": {}, "users": 1, "items": 1, "rules": []}
    for n, told, rows in (
        (2, "2 values could not be read<", 2),
        (60, "60 values could not be read, the first 50<", 50),
    ):
        page = Report("", {}, data=data | {"rejects": [reject] * n}).to_html()
        assert told in page
        assert page.count(">soon<") == rows
    assert "could not be read" not in Report("", {}, data=data).to_html()


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(0.01, 0.03, "better than ease"), (-0.03, -0.01, "worse than ease"), (-0.01, 0.01, "No sure difference")],
)
def test_the_verdict_says_what_the_interval_says(low: float, high: float, said: str) -> None:
    gain = {"difference": (low + high) / 2, "low": low, "high": high, "p": 0.01}
    assert said in Report("", {"include": document(fused_vs_best=gain)}).to_html()


@pytest.mark.parametrize("groups", [("cold_users",), ("cold_users", "cold_items"), ("repeat",)])
def test_groups_are_drawn_only_where_they_were_asked(groups: tuple[str, ...]) -> None:
    page = Report("", {"include": document(groups=groups)}).to_html()
    parsed(page)
    drawn = re.findall(r"<figcaption>(NDCG@5: .*?)</figcaption>", page)
    assert drawn == [f"NDCG@5: {' and '.join(group.replace('_', ' ') for group in groups)}"]


def test_a_report_without_fusion_groups_or_data_is_whole_too() -> None:
    bare = document("exclude")
    del bare["fused_vs_best"]
    for row in bare["scorers"]:
        row["groups"] = {}
    page = Report("", {"exclude": bare}).to_html()
    parsed(page)
    assert "Repeats excluded" in page
    assert "verdict" not in page.partition("</style>")[2]


def test_the_best_scorer_is_drawn_on_top() -> None:
    drawn = charts.svg(charts.accuracy(document()), "accuracy")
    texts = re.findall(r">([^<>]+)</text>", drawn)
    assert texts.index("fusion") < texts.index("ease") < texts.index("popularity")


def test_a_picture_is_as_wide_as_its_page_and_has_a_name() -> None:
    drawn = charts.svg(charts.recall_curve(document()), 'recall "at k"')
    head = drawn[: drawn.index(">")]
    assert "viewBox" in head
    assert " width=" not in head
    assert 'aria-label="recall &quot;at k&quot;"' in head


def test_a_report_is_written_in_one_go(tmp_path: Path) -> None:
    report = Report("shop", {"include": document()})
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == report.to_html()
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
