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
from recsys.faithfulness import faithfulness
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
_LISTED = 50  # rejected rows; all of them lie beside what the stage of ingest keeps


@dataclass(frozen=True)
class Report:
    """What a report shows, each in the JSON of the contract.

    figures  per protocol ("exclude", "include"): `evaluate`
    weights  per protocol: weight of each part of the fusion
    data     `ingest`
    graph    `graph stats`
    schema   `kg.picture.schema_picture` of the graph
    starts   of validation and test, unix seconds; each None where every user has an own one
    explanations  `evaluate --explanations`
    """

    title: str
    figures: Mapping[Repeats, Document]
    weights: Mapping[Repeats, Mapping[str, float]] = field(default_factory=dict)
    data: Document | None = None
    graph: Document | None = None
    schema: alt.LayerChart | None = None
    starts: tuple[int | None, int | None] | None = None
    explanations: Document | None = None

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
        parts = [_period(*self.starts)] if self.starts else []
        parts += [self._tiles(), *map(judged, self.figures.values())]
        parts += [faithfulness(self.explanations)] if self.explanations else []
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


def _period(validation: int | None, test: int | None) -> Markup:
    if validation is None or test is None:
        return element("p", "Each user’s last event is the test, the one before it validation.")
    return element("p", f"Test period from {_date(test)}; validation from {_date(validation)} until then.")


def _protocol(document: Document) -> Markup:
    protocol = document["protocol"]
    left_out = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in protocol["left_out"].items())
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
