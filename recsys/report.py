"""The report of an evaluation: one web page that loads nothing from elsewhere and is read on a phone or on paper."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from kg.canvas import FONT
from kg.files import replacing
from recsys import charts
from recsys.charts import Document
from recsys.protocol import Repeats

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ --ink: #22303c; --faint: #5d6b78; --line: #dfe5ea; --best: #e8f3f2; --accent: #1b7f79 }}
body {{ font-family: {font}; color: var(--ink); background: #f5f7f8; margin: 0; line-height: 1.5 }}
main {{ max-width: 64rem; margin: 0 auto; padding: 1rem }}
h1 {{ font-size: 1.6rem; line-height: 1.2; margin: 1rem 0 .3rem }}
h2 {{ font-size: 1.2rem; margin: 0 0 .6rem }}
h3 {{ font-size: 1rem; margin: 1.4rem 0 .4rem }}
p {{ margin: .4rem 0; max-width: 46rem }}
section {{ background: #fff; border: 1px solid var(--line); border-radius: 10px; padding: 1rem 1.2rem; margin: 1rem 0 }}
.faint, figcaption, summary {{ color: var(--faint); font-size: .9rem }}
.verdict {{ font-size: 1.05rem; border-left: 4px solid var(--accent); padding-left: .8rem; margin: .8rem 0 }}
.charts {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1.2rem }}
figure {{ margin: 0; min-width: 0 }}
figcaption {{ margin-bottom: .4rem }}
figure svg {{ width: 100%; max-width: 30rem; height: auto; display: block }}
.wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums }}
th, td {{ padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }}
th {{ font-weight: 600; color: var(--faint) }}
th:first-child, td:first-child {{ text-align: left; position: sticky; left: 0; background: #fff }}
tr.fusion td {{ font-weight: 600; background: var(--best) }}
td small {{ color: var(--faint); font-weight: 400 }}
summary {{ cursor: pointer; margin: .6rem 0 }}
@media (max-width: 30rem) {{ section {{ padding: .8rem }} }}
@media (max-width: 30rem) {{ main {{ padding: .5rem }} th, td {{ padding: .3rem .45rem }} }}
@media print {{ body {{ background: #fff }} section {{ break-inside: avoid }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{sections}
</main>
</body>
</html>
"""
_NAMES = {"hit_rate": "hit rate", "ndcg-kgat": "NDCG, KGAT’s", "ndcg": "NDCG", "map": "MAP", "mrr": "MRR"}
_GROUPS = {
    "repeat": "what users had before",
    "explore": "what is new to them",
    "cold_users": "users without any event",
    "cold_items": "items without any event, ranked among themselves",
}
_REPEATS = {
    "include": "Repeats are included: what a user had before may be recommended and counts as right.",
    "exclude": "Repeats are excluded: what a user had before is taken out of the lists and of what counts as right.",
}


@dataclass(frozen=True)
class Report:
    """What a report shows, each in the JSON of the contract.

    figures  per protocol ("exclude", "include"): `evaluate`
    weights  per protocol: weight of each part of the fusion
    data     `ingest`
    graph    `graph stats`
    """

    title: str
    figures: Mapping[Repeats, Document]
    weights: Mapping[Repeats, Mapping[str, float]] = field(default_factory=dict)
    data: Document | None = None
    graph: Document | None = None

    def save(self, path: Path) -> None:
        """Write the page; an existing file is replaced when all of it is written."""
        with replacing(path) as temporary:
            temporary.write_text(self.to_html(), encoding="utf-8")

    def to_html(self) -> str:
        """The whole page; every name in it is escaped."""
        sections = [_judged(document) for document in self.figures.values()]
        sections += [_mixture(self.weights)] if self.weights else []
        sections += [_graph(self.graph)] if self.graph else []
        sections += [_data(self.data)] if self.data else []
        sections += [_protocol(next(iter(self.figures.values())))] if self.figures else []
        return _PAGE.format(title=escape(self.title), font=FONT, sections="\n".join(sections))


def _judged(document: Document) -> str:
    """One protocol: the verdict, the pictures, the tables."""
    protocol = document["protocol"]
    decisive, first = protocol["decisive"], protocol["k"][0]
    level = f"{protocol['level']:.0%}"
    pictures = [_figure(charts.accuracy(document), f"{_heading(decisive)} with {level} intervals")]
    apart = charts.repeat_and_explore(document)
    if apart is not None:
        pictures.append(_figure(apart, f"{_heading(decisive)} on what users had before, and on what is new"))
    pictures.append(_figure(charts.recall_curve(document), "Recall by length of the list"))
    others = "".join(
        f"<details><summary>Lists of {k}</summary>{_metrics(document, k)}</details>" for k in protocol["k"][1:]
    )
    asked = f"{protocol['users']:,} users of the test period. {_REPEATS[protocol['repeats']]}"
    return (
        f"<section><h2>Repeats {escape(protocol['repeats'])}d</h2><p>{escape(asked)}</p>{_verdict(document)}"
        f'<div class="charts">{"".join(pictures)}</div>'
        f"<h3>Lists of {first}</h3>{_metrics(document, first)}{others}{_groups(document)}</section>"
    )


def _verdict(document: Document) -> str:
    """The fusion beside the best single scorer, in a sentence."""
    gain = document.get("fused_vs_best")
    if gain is None:
        return ""
    protocol, best = document["protocol"], document["best_single"]
    name = _heading(protocol["decisive"])
    if gain["low"] > 0:
        said = f"The fusion ranks better than {best}, the best single scorer"
    elif gain["high"] < 0:
        said = f"The fusion ranks worse than {best}, the best single scorer"
    else:
        said = f"No sure difference between the fusion and {best}, the best single scorer"
    numbers = f"{name} {gain['difference']:+.4f} ({gain['low']:+.4f} … {gain['high']:+.4f}), p = {gain['p']:.3g}"
    return f'<p class="verdict">{escape(f"{said}: {numbers}.")}</p>'


def _metrics(document: Document, k: int) -> str:
    """All scorers by all metrics in lists of k; the first with its interval."""
    rows = document["scorers"]
    names = [name.rpartition("@")[0] for name in rows[0]["metrics"] if name.endswith(f"@{k}")]
    body = [
        [row["name"], *(_mean(row["metrics"][f"{name}@{k}"], interval=name == names[0]) for name in names)]
        for row in rows
    ]
    return _table(["scorer", *(_NAMES.get(name, name) for name in names)], body, marked="fusion")


def _groups(document: Document) -> str:
    """The decisive metric in the groups that are reported apart."""
    rows, decisive = document["scorers"], document["protocol"]["decisive"]
    groups = list(rows[0]["groups"])
    if not groups:
        return ""
    body = [[row["name"], *(_mean(row["groups"][group][decisive], interval=True) for group in groups)] for row in rows]
    told = "; ".join(f"{group.replace('_', ' ')}: {_GROUPS.get(group, '')}" for group in groups)
    headings = ["scorer", *(group.replace("_", " ") for group in groups)]
    return (
        f"<h3>Apart, {escape(_heading(decisive))}</h3>{_table(headings, body, marked='fusion')}"
        f'<p class="faint">{escape(told)}.</p>'
    )


def _mixture(weights: Mapping[Repeats, Mapping[str, float]]) -> str:
    picture = _figure(charts.weights(weights), "Weights of the parts, as shares")
    told = "Each score is divided by its spread on validation, so that weights compare. Learned per protocol."
    return f'<section><h2>The fusion</h2><p>{told}</p><div class="charts">{picture}</div></section>'


def _graph(stats: Document) -> str:
    nodes = _table(["nodes", "number"], stats["nodes"].items())
    relations = [[f"{r['source']} → {r['name']} → {r['target']}", r["edges"]] for r in stats["relations"]]
    return (
        '<section><h2>The graph</h2><div class="charts">'
        f"<div>{nodes}</div><div>{_table(['relation', 'edges'], relations)}</div></div></section>"
    )


def _data(ingest: Document) -> str:
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in ingest["events"].items())
    said = f"{ingest['rows_read']:,} rows read; kept {kinds}; {ingest['users']:,} users, {ingest['items']:,} items."
    rules = [[rule["name"], rule["rows"], rule["removed"]] for rule in ingest["rules"]]
    return (
        f"<section><h2>The data</h2><p>{escape(said)}</p>{_table(['rule', 'rows it matches', 'removed'], rules)}"
        '<p class="faint">A rule’s rows are counted in the raw file; removed is what it took out after the rules '
        "before it.</p></section>"
    )


def _protocol(document: Document) -> str:
    protocol = document["protocol"]
    left_out = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in protocol["left_out"].items())
    paragraphs = [
        "The log is split by time before anything is computed from it. Parameters and weights are chosen on the "
        "validation period; everything is then fitted again on all that lies before the test period, which is asked "
        "once.",
        "All items of the graph are ranked for every user. The tables count users with a history and items with "
        "events; cold users and cold items stand apart. NDCG is the standard one: the ideal list holds min(k, targets) "
        "hits.",
        f"Intervals cover {protocol['level']:.0%}: percentiles of {protocol['resamples']:,} bootstrap samples of the "
        "users. Fusion and best single scorer are compared on the same users; p is of a sign-flip test. The best "
        "single scorer is the one with the highest mean on this very test period, which favours it.",
        f"Left out: {left_out}." if left_out else "Nothing was left out.",
    ]
    return (
        "<section><h2>How it was judged</h2>" + "".join(f"<p>{escape(text)}</p>" for text in paragraphs) + "</section>"
    )


def _heading(metric: str) -> str:
    name, _, k = metric.rpartition("@")
    return f"{_NAMES.get(name, name)}@{k}"


def _mean(figure: Mapping[str, float], *, interval: bool) -> str:
    span = f" <small>{figure['low']:.3f} – {figure['high']:.3f}</small>" if interval else ""
    return _Markup(f"{figure['mean']:.3f}{span}")


class _Markup(str):
    """Text of a cell that is HTML already."""

    __slots__ = ()


def _table(headings: Sequence[str], rows: Iterable[Iterable[object]], marked: str = "") -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    body = []
    for row in rows:
        first, *others = row
        kind = ' class="fusion"' if marked and first == marked else ""
        body.append(f"<tr{kind}>{''.join(f'<td>{_cell(value)}</td>' for value in (first, *others))}</tr>")
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _cell(value: object) -> str:
    match value:
        case _Markup():
            return value
        case int():
            return f"{value:,}"
        case _:
            return escape(str(value))


def _figure(chart: Any, told: str) -> str:
    return f"<figure><figcaption>{escape(told)}</figcaption>{charts.svg(chart, told)}</figure>"
