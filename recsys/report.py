"""The report of an evaluation: one web page that loads nothing from elsewhere and is read on a phone or on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from kg.files import replacing
from kg.fonts import FONT
from recsys import charts
from recsys.charts import Document
from recsys.faithfulness import faithfulness, percent
from recsys.markup import Markup, element, folded, section, table, tiles
from recsys.protocol import Repeats
from recsys.standings import figure, heading, judged, tables

if TYPE_CHECKING:
    import altair as alt

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: {font} }}
{style}</style>
</head>
<body>
<main>
<p class="over">How well the rankings do</p>
<h1>{title}</h1>
{sections}
</main>
</body>
</html>
"""
_SHARED = {
    "pairs": "pairs of user and item stand before it, too",
    "near": "events come within an hour of one of the same user and item before it",
    "texts": "events say in the same words what their user said of another item before",
}
"""What a test has in common with what lies before it, by the names of `kg.leaks`."""
_LISTED = 50  # rejected rows; all of them lie beside what the stage of ingest keeps


@dataclass(frozen=True)
class Cut:
    """How test was kept apart: the split in words, when validation and test start, and what stands on both sides.

    starts  unix seconds; each None where every user has an own one, all None where chance drew what is asked
    leaks   of `kg.leaks`, by name
    """

    split: str
    starts: tuple[int | None, int | None] | None = None
    leaks: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """What a report shows, each in the JSON of the contract.

    figures  per protocol ("exclude", "include"): `evaluate`
    weights  per protocol: weight of each part of the fusion
    data     `ingest`
    graph    `graph stats`
    schema   `kg.picture.schema_picture` of the graph
    cut      how test was kept apart
    explanations  `evaluate --explanations`
    frontier      per protocol: `evaluate --frontier`
    """

    title: str
    figures: Mapping[Repeats, Document]
    weights: Mapping[Repeats, Mapping[str, float]] = field(default_factory=dict)
    data: Document | None = None
    graph: Document | None = None
    schema: alt.LayerChart | None = None
    cut: Cut | None = None
    explanations: Document | None = None
    frontier: Mapping[Repeats, Sequence[Document]] | None = None

    def save(self, path: Path) -> None:
        """Write the page; an existing file is replaced when all of it is written."""
        with replacing(path) as temporary:
            temporary.write_text(self.to_html(), encoding="utf-8")

    def __repr__(self) -> str:
        return f"Report({self.title!r}, repeats {' and '.join(self.figures)})"

    def _repr_html_(self) -> str:
        return "".join(tables(document) for document in self.figures.values())

    def to_html(self) -> str:
        """The whole page; every name in it is escaped."""
        parts = [_period(self.cut)] if self.cut else []
        parts += [self._tiles(), *map(judged, self.figures.values())]
        parts += [faithfulness(self.explanations)] if self.explanations else []
        parts += [_frontier(self.frontier, self.figures)] if self.frontier else []
        parts += [_mixture(self.weights)] if self.weights else []
        parts += [_data(self.data)] if self.data else []
        parts += [_graph(self.graph, self.schema)] if self.graph else []
        parts += [_protocol(next(iter(self.figures.values())))] if self.figures else []
        style = files("recsys").joinpath("report.css").read_text(encoding="utf-8")
        return _PAGE.format(title=escape(self.title), font=FONT, style=style, sections="\n".join(parts))

    def _tiles(self) -> Markup:
        """The figures one asks for first."""
        shown: dict[str, object] = {}
        if self.data:
            shown |= {"rows read": self.data["rows_read"], "users": self.data["users"], "items": self.data["items"]}
        if self.graph:
            shown["edges"] = sum(relation["edges"] for relation in self.graph["relations"])
        for repeats, document in self.figures.items():
            decisive = document["protocol"]["decisive"]
            last = document["scorers"][-1]
            shown[f"{heading(decisive)} of {last['name']}, repeats {repeats}d"] = (
                f"{last['metrics'][decisive]['mean']:.3f}"
            )
        return tiles(shown)


def _mixture(weights: Mapping[Repeats, Mapping[str, float]]) -> Markup:
    told = "Each score is divided by its spread on validation, so that weights compare. Learned per protocol."
    picture = figure(charts.weights(weights), "Weights of the parts, as shares")
    return section("The fusion", element("p", told), element("div", picture, kind="charts"))


def _frontier(points: Mapping[Repeats, Sequence[Document]], figures: Mapping[Repeats, Document]) -> Markup:
    """What more reasons in paths cost in accuracy."""
    decisive = next(iter(figures.values()))["protocol"]["decisive"]
    told = (
        "What is most accurate speaks in learned links. Each point is a fusion whose weights were learned on "
        "validation under a floor: so much of what it says is told in paths. A shop chooses one with path_share under "
        "[evaluation]."
    )
    curves = {f"repeats {repeats}d": found for repeats, found in points.items()}
    picture = figure(charts.frontier(curves, decisive), "Accuracy against the share that is told in paths")
    rows = [
        [f"{repeats}d", f"{point['floor']:.0%}", percent(point["path_share"]), f"{mean['mean']:.4f}"]
        for repeats, found in points.items()
        for point in found
        for mean in [point["metrics"][decisive]]
    ]
    listed = table(["repeats", "floor", "told in paths", heading(decisive)], rows)
    return section("Accuracy against reasons", element("p", told), element("div", picture, listed, kind="charts"))


def _data(ingest: Document) -> Markup:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in ingest["events"].items())
    said = f"{ingest['rows_read']:,} rows read; kept {kinds}; {ingest['users']:,} users, {ingest['items']:,} items."
    rules = [[rule["name"], rule["rows"], rule["removed"]] for rule in ingest["rules"]]
    counted = "A rule’s rows are counted in the raw file; removed is what it took out after the rules before it."
    parts = [table(["rule", "rows it matches", "removed"], rules), element("p", counted, kind="faint")] if rules else []
    rejects = ingest.get("rejects", ())
    return section("The data", element("p", said), *parts, _rejects(rejects, ingest.get("rejected", len(rejects))))


def _rejects(rejects: Sequence[Document], n: int) -> Markup:
    """Where the first of the `n` values lie that could not be read."""
    if not n:
        return element("p", "Every row that was kept could be read.", kind="faint")
    columns = ["file", "line", "column", "value", "reason"]
    rows = [[str(reject.get(column) or "") for column in columns] for reject in rejects[:_LISTED]]
    shown = f", the first {len(rows)}" if n > len(rows) else ""
    return folded(f"{n:,} values could not be read{shown}", table(columns, rows))


def _graph(stats: Document, schema: alt.LayerChart | None) -> Markup:
    nodes = table(["nodes", "number"], list(stats["nodes"].items()))
    relations = [[f"{r['source']} → {r['name']} → {r['target']}", r["edges"]] for r in stats["relations"]]
    tables = element("div", nodes, element("div", table(["relation", "edges"], relations)), kind="charts")
    picture = (
        []
        if schema is None
        else [figure(schema.properties(title=""), "Types of nodes, and relations between them", kind="large")]
    )
    return section("The graph", *picture, tables)


def _period(cut: Cut) -> Markup:
    if cut.starts is None:
        said = f"Drawn by chance: {cut.split}."
    elif None in cut.starts:
        own = "Each user’s last event is the test, the one before it validation."
        said = own if cut.split == "leave-last-out" else "The log says which part each event belongs to."
    else:
        validation, test = (_date(start) for start in cut.starts if start is not None)
        said = f"Test period from {test}; validation from {validation} until then."
    shared = [f"{count:,} {_SHARED[name]}" for name, count in cut.leaks.items() if count]
    return element("p", said, f" Of the test, {'; '.join(shared)}." if shared else "")


def _protocol(document: Document) -> Markup:
    protocol = document["protocol"]
    left_out = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in protocol["left_out"].items() if n)
    paragraphs = [
        "The log is split before anything is computed from it. Parameters and weights are chosen on validation; "
        "everything is then fitted again on all that lies before the test, which is asked once.",
        "All items of the graph are ranked for every user. The tables count users with a history and items with "
        "events; cold users and cold items stand apart. NDCG is the standard one: the ideal list holds min(k, targets) "
        "hits.",
        f"Intervals cover {protocol['level']:.0%}: percentiles of {protocol['resamples']:,} bootstrap samples of the "
        "users. Fusion and best single scorer are compared on the same users; p is of a sign-flip test. The best "
        "single scorer is the one with the highest mean on this very test period, which favours it.",
        f"Left out: {left_out}." if left_out else "Nothing was left out.",
    ]
    return section("How it was judged", *(element("p", text) for text in paragraphs))


def _date(moment: int) -> str:
    found = datetime.fromtimestamp(moment, UTC)
    return f"{found.day} {found:%B %Y}"
