"""Pictures of an evaluation's figures: each an Altair chart small enough to be read on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kg.canvas import FAINT, INK, LINE
from kg.fonts import FONT
from recsys.protocol import Repeats

if TYPE_CHECKING:
    import altair as alt

Document = Mapping[str, Any]
"""The contract's JSON of one evaluation, from `Evaluation.to_json`."""

FUSION, BEST, SINGLE = "#1b7f79", "#6f9bb0", "#b7cdd7"
_PAIR = ("#e0a45f", "#8492c9")
LINES = (
    *("#d9822b", "#5b6fb5", "#b5527c", "#7a9a3a", "#8a5fbf", "#c0392b"),
    *("#3f8fbf", "#b08b2e", "#6b7885", "#2f5d3a", "#e58fb1", "#5a3a22"),
)
_WIDTH, _ROW = 400, 26  # pixels


def accuracy(document: Document) -> alt.LayerChart:
    """The decisive metric of every scorer, with its interval, the best on top."""
    import altair as alt

    decisive = document["protocol"]["decisive"]
    rows = [{"scorer": row["name"], **row["metrics"][decisive]} for row in document["scorers"]]
    names = [row["scorer"] for row in sorted(rows, key=lambda row: -row["mean"])]
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_scorers(names))
    shades = [{"fusion": FUSION, document["best_single"]: BEST}.get(name, SINGLE) for name in names]
    colour = alt.Color("scorer:N", scale=alt.Scale(domain=names, range=shades), legend=None)
    bars = base.mark_bar(cornerRadiusEnd=3, height=16).encode(x=_length("mean:Q", decisive.upper()), color=colour)
    spans = base.mark_rule(color=INK, strokeWidth=1.5).encode(x=_length("low:Q", decisive.upper()), x2="high:Q")
    figures = base.mark_text(align="left", dx=6, color=INK).encode(x="high:Q", text=alt.Text("mean:Q", format=".3f"))
    return styled([bars, spans, figures], n_rows=len(names))


def apart(document: Document, groups: Sequence[str]) -> alt.LayerChart | None:
    """The decisive metric, with its interval, in groups that are reported apart; None where none of them was asked."""
    import altair as alt

    decisive = document["protocol"]["decisive"]
    rows = [
        {"scorer": row["name"], "group": _words(group), **row["groups"][group][decisive]}
        for row in document["scorers"]
        for group in groups
        if group in row["groups"]
    ]
    if not rows:
        return None
    words = [_words(group) for group in groups if _words(group) in {row["group"] for row in rows}]
    names = [row["name"] for row in document["scorers"]]
    colour = alt.Color(
        "group:N", scale=alt.Scale(domain=words, range=_PAIR), legend=alt.Legend(title=None, orient="top")
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(y=_scorers(names), yOffset=alt.YOffset("group:N", sort=words))
    bars = base.mark_bar(cornerRadiusEnd=3, height=9).encode(x=_length("mean:Q", decisive.upper()), color=colour)
    spans = base.mark_rule(color=INK, strokeWidth=1.2).encode(x=_length("low:Q", decisive.upper()), x2="high:Q")
    return styled([bars, spans], n_rows=len(names))


def recall_curve(document: Document) -> alt.LayerChart:
    """Mean recall in lists of 1, 2, … items, the fusion drawn over the others."""
    import altair as alt

    names = [row["name"] for row in document["scorers"]]
    rows = [
        {"scorer": row["name"], "k": k, "recall": recall}
        for row in document["scorers"]
        for k, recall in enumerate(row["recall_curve"], start=1)
    ]
    others = [name for name in names if name != "fusion"]
    shades = {name: LINES[place % len(LINES)] for place, name in enumerate(others)} | {"fusion": FUSION}
    colour = alt.Color(
        "scorer:N",
        sort=names,
        scale=alt.Scale(domain=names, range=[shades[name] for name in names]),
        legend=alt.Legend(title=None, orient="bottom", columns=3, symbolType="stroke", symbolStrokeWidth=3),
    )
    longest = max(row["k"] for row in rows)
    x = alt.X("k:Q", title="length of the list", axis=alt.Axis(tickMinStep=1, grid=False, format="d"))
    x = x.scale(alt.Scale(domain=[1, max(longest, 2)], nice=False))
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=alt.Y("recall:Q", title="recall"), color=colour)
    thin = base.transform_filter("datum.scorer != 'fusion'").mark_line(strokeWidth=1.8)
    thick = base.transform_filter("datum.scorer == 'fusion'").mark_line(strokeWidth=3.5)
    return styled([thin, thick], n_rows=8)


def weights(shares: Mapping[Repeats, Mapping[str, float]]) -> alt.LayerChart:
    """The fusions' weights by protocol and scorer, as shares of each protocol's sum."""
    import altair as alt

    rows = [
        {"protocol": f"repeats {repeats}d", "scorer": name, "share": weight / (sum(of_parts.values()) or 1)}
        for repeats, of_parts in shares.items()
        for name, weight in of_parts.items()
    ]
    names = list(dict.fromkeys(name for of_parts in shares.values() for name in of_parts))
    protocols = [f"repeats {repeats}d" for repeats in shares]
    colour = alt.Color(
        "protocol:N",
        scale=alt.Scale(domain=protocols, range=_PAIR),
        legend=alt.Legend(title=None, orient="top"),
    )
    share = alt.X("share:Q", title="share of the weights", axis=alt.Axis(format="%", tickCount=5, gridColor="#e6ebef"))
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=_scorers(names), yOffset=alt.YOffset("protocol:N", sort=protocols)
    )
    bars = base.mark_bar(cornerRadiusEnd=3, height=9).encode(x=share, color=colour)
    told = alt.Text("share:Q", format=".0%")
    used = base.transform_filter("datum.share > 0")
    figures = used.mark_text(align="left", dx=5, size=10, color=INK).encode(x="share:Q", text=told)
    return styled([bars, figures], n_rows=len(names))


def falls(curves: Mapping[str, Sequence[float]]) -> alt.LayerChart:
    """What is left of a score when 0, 1, … of the user's doings are taken away, by the order they go in."""
    import altair as alt

    rows = [
        {"order": order, "gone": gone, "left": left}
        for order, curve in curves.items()
        for gone, left in enumerate(curve)
    ]
    scale = alt.Scale(domain=list(curves), range=[FUSION, _PAIR[0]])
    colour = alt.Color("order:N", scale=scale, legend=alt.Legend(title=None, orient="top", symbolType="stroke"))
    whole = alt.Axis(tickCount=max(map(len, curves.values())) - 1, grid=False, format="d")
    x = alt.X("gone:Q", title="doings taken away", axis=whole)
    y = alt.Y(
        "left:Q",
        title="left of the score",
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, max(1.0, *map(max, curves.values()))]),
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y, color=colour)
    return styled([base.mark_line(strokeWidth=2.5), base.mark_point(filled=True, size=40, opacity=1)], n_rows=8)


def frontier(curves: Mapping[str, Sequence[Document]], decisive: str) -> alt.LayerChart:
    """NDCG against path share: a line for each set of points, the share of the best NDCG of its own that each keeps."""
    import altair as alt

    rows = [
        {"curve": name, "share": point["path_share"], "kept": point["metrics"][decisive]["mean"] / best}
        for name, points in curves.items()
        for best in [max(point["metrics"][decisive]["mean"] for point in points) or 1.0]
        for point in points
        if point["path_share"] is not None
    ]
    shades = [LINES[place % len(LINES)] for place in range(len(curves))] if len(curves) > 1 else [FUSION]
    scale = alt.Scale(domain=list(curves), range=shades)
    legend = alt.Legend(title=None, orient="bottom", columns=1, symbolType="stroke", labelLimit=_WIDTH)
    colour = alt.Color("curve:N", scale=scale, legend=legend)
    whole = alt.Scale(domain=[0, 1])
    x = alt.X("share:Q", title="told in paths", axis=alt.Axis(format="%", tickCount=5), scale=whole)
    lowest = min((row["kept"] for row in rows), default=0.9)
    title = f"{decisive.upper()}, of the best"
    y = alt.Y("kept:Q", title=title, axis=alt.Axis(format="%"), scale=alt.Scale(domain=[min(lowest, 0.9), 1.005]))
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y, color=colour)
    line = base.mark_line(strokeWidth=2).encode(order="share:Q")
    return styled([line, base.mark_point(filled=True, size=60, opacity=1)], n_rows=9)


def svg(chart: alt.LayerChart, told: str) -> str:
    """A chart as an inline picture that grows and shrinks with its page; `told` is what a screen reader says."""
    from html import escape
    from re import sub

    import vl_convert

    drawn = str(vl_convert.vegalite_to_svg(chart.to_dict()))
    # clips are numbered anew by every drawing, and nothing of ours sticks out
    drawn = sub(r' clip-path="[^"]*"|<clipPath.*?</clipPath>', "", drawn)
    fluid = f'<svg role="img" aria-label="{escape(told)}" '
    return sub(r'<svg\b([^>]*?) width="[^"]*" height="[^"]*"', lambda found: fluid + found[1].strip(), drawn, count=1)


def _words(group: str) -> str:
    return group.replace("_", " ")


def _scorers(names: Sequence[str]) -> alt.Y:
    import altair as alt

    return alt.Y("scorer:N", sort=list(names), title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))


def _length(shorthand: str, title: str) -> alt.X:
    import altair as alt

    return alt.X(shorthand, title=title, axis=alt.Axis(tickCount=5, gridColor="#e6ebef"))


def styled(layers: Sequence[alt.Chart], n_rows: int) -> alt.LayerChart:
    """Layers in the report's letters and colours, as high as so many rows of bars."""
    import altair as alt

    return (
        alt.LayerChart(layer=list(layers))
        .properties(width=_WIDTH, height=_ROW * max(n_rows, 2), background="transparent")
        .properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))  # letters of one size in all
        .configure(font=FONT)
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=INK, titleColor=FAINT, labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
            domainColor=LINE, tickColor=LINE, gridColor="#e6ebef",
        )
        .configure_legend(labelColor=INK, labelFontSize=12)
    )  # fmt: skip
