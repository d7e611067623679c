"""The report's section on explanations: a row per scorer, and how the fusion's scores fall."""

from __future__ import annotations

from recsys import charts
from recsys.charts import Document
from recsys.markup import Markup, element, section, table
from recsys.standings import figure

_MEANINGS = (
    "Adds up: the share of items whose contributions sum to the score, to within 1e-5 of their sizes. True edges: of "
    "the steps of the ten strongest paths, those found in the graph again. Covered: items with a path from something "
    "the user did or is that says more than that both are of one category, or of a kind that many items are of. Paths: "
    "the mean share of paths in the sizes of all contributions. Falls more: how often the score falls more without the "
    "strongest doing than without as many events of the same user with items of about its degree; by: how many times "
    "as far, the median, at most 100. Nothing is learned anew. Milliseconds: to explain one item, and to rank and "
    "explain a list, on one core; 99th percentiles."
)
_HEADINGS = ["scorer", "items", "adds up", "true edges", "covered", "paths", "falls more", "by", "item, ms", "list, ms"]


def faithfulness(document: Document) -> Markup:
    """The contract's `explanations` for people."""
    said = [row for row in document["by_scorer"] if row["pairs"]]
    drawn = (
        f"{document['pairs']:,} places in lists of {document['k']}, repeats {document['repeats']}d, drawn by chance; "
    )
    parts = [element("p", f"{drawn}the same users and places for all scorers, each asked of its own lists.")]
    last = said[-1] if said else None
    if last and "curves" in last["deletion"]:
        told = f"What is left of a score of the {last['name']} when the user’s doings are taken away"
        curves = last["deletion"]["curves"]
        named = {"the strongest first": curves["strongest"], "in random order": curves["random"]}
        parts.append(element("div", figure(charts.falls(named), told), kind="charts"))
    rows = [_row(row) for row in said]
    kinds = ["fusion" if row["name"] == "fusion" else "" for row in said]
    parts += [table(_HEADINGS, rows, kinds, kind="scorers"), element("p", _MEANINGS, kind="faint")]
    flips = last.get("counterfactual") if last else None
    if flips:
        parts.append(element("p", _flips(flips)))
    unable = [row["name"] for row in document["by_scorer"] if not row["exact"]]
    if unable:
        parts.append(element("p", f"Not taken apart exactly, so not measured: {', '.join(unable)}."))
    return section("The explanations", *parts)


def _row(row: Document) -> list[object]:
    fall, cost = row["deletion"], row["latency_ms"]
    shares = [row[name] for name in ("completeness", "validity", "covered", "path_share")] + [fall.get("lower")]
    figures = [
        *map(percent, shares),
        times(fall.get("ratio")),
        f"{cost['pair']['p99']:.1f}",
        f"{cost['list']['p99']:.1f}",
    ]
    return [row["name"], row["pairs"], *map(Markup, figures)]


def _flips(flips: Document) -> str:
    return (
        f"Of {flips['pairs']} items of the fusion, {percent(flips['flipped'])} leave the list without at most three "
        f"of the user’s doings; taking away the strongest ones in turn does it for {percent(flips['greedy'])}. "
        f"{percent(flips['verified'])} of the answers hold when the list is ranked anew."
    )


def percent(share: float | None) -> str:
    """A share for people: nothing but the whole is called 100 %."""
    if share is None:
        return "–"
    return f"{share:.0%}" if share in (0, 1) else f"{min(share, 0.999):.1%}"


def times(ratio: float | None) -> str:
    """How many times as far, for people."""
    return "–" if ratio is None else f"{ratio:.1f}×"
