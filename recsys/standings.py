"""One protocol's part of the report: the verdict, the pictures, and tables of all scorers, the fusion last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from recsys import charts
from recsys.charts import Document
from recsys.markup import Markup, element, folded, section, table, together

if TYPE_CHECKING:
    import altair as alt

_NAMES = {
    "hit_rate": "hit rate", "ndcg-kgat": "NDCG, KGAT’s", "ndcg": "NDCG", "map": "MAP", "mrr": "MRR", "gini": "Gini",
    "arp": "popularity", "popularity_lift": "popularity lift", "auc": "AUC",
}  # fmt: skip
_STRATA = {"activity": "how many items the user had before"}
_GROUPS = {
    "repeat": "what users had before",
    "explore": "what is new to them",
    "cold_users": "users without any event before the test period",
    "cold_items": "items without any event before it, ranked among themselves",
    "cold_overall": "the same items, ranked among all",
}
_TOGETHER = (("repeat", "explore"), ("cold_users", "cold_items"))  # drawn in one picture
_REPEATS = {
    "include": "Repeats are included: what a user had before may be recommended and counts as right.",
    "exclude": "Repeats are excluded: what a user had before is taken out of the lists and of what counts as right.",
}


def judged(document: Document) -> Markup:
    """One protocol: the verdict, the pictures, the tables."""
    protocol = document["protocol"]
    name, (first, *others) = heading(protocol["decisive"]), protocol["k"]
    pictures = [figure(charts.accuracy(document), f"{name} with {protocol['level']:.0%} intervals")]
    pictures.append(figure(charts.recall_curve(document), "Recall by length of the list"))
    return section(
        f"Repeats {protocol['repeats']}d",
        element("p", f"{protocol['users']:,} users of the test period. {_REPEATS[protocol['repeats']]}"),
        _verdict(document),
        _told(document),
        element("div", *pictures, kind="charts"),
        element("h3", f"Lists of {first}"),
        _metrics(document, first),
        *(folded(f"Lists of {k}", _metrics(document, k)) for k in others),
        _groups(document),
        *_strata(document),
        *_against(document),
    )


def tables(document: Document) -> Markup:
    """One protocol in short: the verdict, and all scorers in lists of the decisive length."""
    protocol = document["protocol"]
    title = f"Repeats {protocol['repeats']}d, {protocol['users']:,} users, lists of {protocol['k'][0]}"
    return together(element("h4", title), _metrics(document, protocol["k"][0]), _verdict(document))


def _told(document: Document) -> Markup:
    """How much of the fusion's scores paths tell."""
    told = document.get("path_share") or {"fusion": None}
    if told["fusion"] is None:
        return Markup()
    asked = f"; a floor of {told['floor']:.0%} was asked for on validation" if told["floor"] else ""
    return element("p", f"Paths of the graph tell {told['fusion']:.0%} of what the fusion says in its lists{asked}.")


def _verdict(document: Document) -> Markup:
    """The fusion beside the best single scorer, in a sentence."""
    gain, best = document.get("fused_vs_best"), document["best_single"]
    if gain is None:
        return Markup()
    if gain["low"] > 0:
        said = "The fusion ranks better than"
    elif gain["high"] < 0:
        said = "The fusion ranks worse than"
    else:
        said = "No sure difference between the fusion and"
    difference, low, high = (_signed(gain[part]) for part in ("difference", "low", "high"))
    numbers = f"{heading(document['protocol']['decisive'])} {difference} ({low} … {high}), p = {gain['p']:.2g}"
    return element("p", f"{said} {best}, the best single scorer, on the same users: {numbers}.", kind="verdict")


def _metrics(document: Document, k: int) -> Markup:
    """All scorers by all metrics in lists of k, each with its interval."""
    first = document["scorers"][0]["metrics"]
    names = [name for name in first if name.endswith(f"@{k}") or "@" not in name]
    rows = [[row["metrics"][name] for name in names] for row in document["scorers"]]
    return _scorers(document, [_NAMES.get(name.partition("@")[0], name.partition("@")[0]) for name in names], rows)


def _groups(document: Document) -> Markup:
    """The decisive metric in the groups that are reported apart."""
    decisive, groups = document["protocol"]["decisive"], list(document["scorers"][0]["groups"])
    if not groups:
        return Markup()
    rows = [[row["groups"][group][decisive] for group in groups] for row in document["scorers"]]
    words = {group: group.replace("_", " ") for group in groups}
    name = heading(decisive)
    pictures = []
    for pair in _TOGETHER:
        chart = charts.apart(document, pair)
        told = " and ".join(words[group] for group in pair if group in words)
        pictures += [] if chart is None else [figure(chart, f"{name}: {told}")]
    meanings = "; ".join(f"{word}: {_GROUPS.get(group, group)}" for group, word in words.items())
    return together(
        element("h3", f"Groups apart, {name}"),
        element("p", f"{meanings}.", kind="faint"),
        element("div", *pictures, kind="charts"),
        _scorers(document, list(words.values()), rows),
    )


def _against(document: Document) -> list[Markup]:
    """The fusion beside every other scorer, over the same users."""
    found = document.get("fused_vs_each")
    if not found:
        return []
    columns = ["scorer", "difference", "low", "high", "p", "p, Holm"]
    rows = [[row["name"], *(_signed(row[end]) for end in columns[1:4]), f"{row['p']:.2g}", f"{row['p_holm']:.2g}"]
            for row in found]  # fmt: skip
    told = "Holm’s p holds the chance of any false finding among all of these."
    title = f"{heading(document['protocol']['decisive'])} of the fusion − each scorer’s"
    return [folded(title, together(table(columns, rows), element("p", told, kind="faint")))]


def _signed(figure: float) -> str:
    return f"{figure:+.4f}".replace("-", "−")


def _strata(document: Document) -> list[Markup]:
    """The decisive metric by what users are told apart by; folded, for whoever looks for whom it works less well."""
    decisive = document["protocol"]["decisive"]
    found = []
    for name, parts in document["scorers"][0]["strata"].items():
        headings = [f"{label} ({part['users']:,} users)" for label, part in parts.items()]
        rows = [[row["strata"][name][label]["metrics"][decisive] for label in parts] for row in document["scorers"]]
        told = _STRATA.get(name, name.replace("_", " "))
        found.append(folded(f"{heading(decisive)} by {told}", _scorers(document, headings, rows)))
    return found


def _scorers(document: Document, headings: list[str], figures: list[list[Mapping[str, float]]]) -> Markup:
    """A row per scorer, as they come (the fusion last); the best single one is named so."""
    rows, kinds = [], []
    for row, own in zip(document["scorers"], figures, strict=True):
        name, best = row["name"], row["name"] == document["best_single"]
        kinds.append("fusion" if name == "fusion" else "best" if best else "")
        called = together(name, *([element("small", "best single")] if best else []))
        rows.append([called, *map(_mean, own)])
    return table(["scorer", *headings], rows, kinds, kind="scorers")


def _mean(figure: Mapping[str, float]) -> Markup:
    """A mean over its interval; one that is no estimate has none."""
    low, high = figure["low"], figure["high"]
    interval = element("small", f"{low:.3f} – {high:.3f}") if low < high else Markup()
    return together(f"{figure['mean']:.3f}", interval)


def heading(metric: str) -> str:
    """A metric in a list of k, as people write it."""
    name, _, k = metric.rpartition("@")
    return f"{_NAMES.get(name, name)}@{k}"


def figure(chart: alt.LayerChart, told: str, kind: str = "") -> Markup:
    """A chart under what it shows."""
    drawn = Markup(charts.svg(chart, told))
    return element("figure", element("figcaption", told), element("div", drawn, kind="wide"), kind=kind)
