"""The two pictures of an explanation: its paths as a small graph, its contributions as a waterfall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.fonts import FONT
from recsys.explanation.drawing import Drawing, draw, waterfall
from recsys.explanation.lettering import broken
from recsys.explanation.phrases import Phrases
from recsys.explanation.told import Told

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

COLOURS = {
    "event": "#8a97a6",
    "path": "#1b7f79",
    "link": "#8a5fbf",
    "constant": "#b08b2e",
    "rest": "#b9c0c7",
    "total": "#3c4650",
    "against": "#c0392b",
}
_INK, _FAINT, _PAPER = "#22303c", "#6b7885", "#ffffff"
_COLUMN, _ROW, _BAR_ROW, _MARGIN = 165, 66, 36, 6  # pixels
_FIGURE = 0.14  # share of the width kept for the figures beside the bars
_WIDTH = 640  # pixels of a waterfall that stands alone
_TITLE, _TEXT, _SMALL = 16, 12, 11  # pixels
_LEADING = 14  # pixels from a line of a label to the next
_CAPTION = 1.4  # columns that a caption may take: those beside it are short
_WIDEST = 11  # pixels of the strongest line


def paths_picture(told: Told, *, language: str = "en", n: int = 12) -> alt.LayerChart:
    """The `n` strongest reasons as a graph from the user to the item.

    The width of a line is what flows over it; links are dashed, constants dotted and apart; red speaks against it.
    """
    return _styled(_paths(told, language, n))


def waterfall_picture(told: Told, *, language: str = "en", n: int = 12) -> alt.LayerChart:
    """The contributions one after the other up to the score; a label stands above its bar and has the whole width."""
    return _styled(_waterfall(told, language, n, _WIDTH))


def both(told: Told, *, language: str = "en", n: int = 12) -> alt.VConcatChart:
    """One static picture: the paths over the waterfall, equally wide."""
    import altair as alt

    phrases = Phrases.of(language)
    upper = _paths(told, language, n)
    width = max(float(upper.width), _WIDTH)
    heading = phrases.pattern("picture", "title").format(item=phrases.node(told.item))
    title = alt.TitleParams(
        broken(heading, width, _TITLE, n_lines=3),
        subtitle=list(phrases.legend().values()),
        anchor="start",
        fontSize=_TITLE,
        color=_INK,
        subtitleColor=_FAINT,
        subtitlePadding=6,
        offset=20,
    )
    charts = upper.properties(width=width), _waterfall(told, language, n, width)
    return _styled(alt.vconcat(*charts, spacing=30, title=title))


def _paths(told: Told, language: str, n: int) -> alt.LayerChart:
    import altair as alt

    drawing = draw(told, Phrases.of(language), n)
    first = min((place.column for place in drawing.places), default=0)
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[first - 0.5, drawing.n_columns - 0.5], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[drawing.n_rows - 0.5, -0.6], nice=False))
    places = alt.Chart(_places(drawing)).encode(x=x, y=y, tooltip=["label:N", "caption:N"])
    points = places.mark_point(filled=True, size=70, opacity=1, color=_INK).encode(
        shape=alt.Shape("shape:N", scale=None)
    )
    parts = ("above", -13 - _LEADING, _TEXT, _INK), ("near", -13, _TEXT, _INK), ("below", 15, _SMALL, _FAINT)
    texts = [
        places.mark_text(dy=dy, fontSize=size, color=colour, stroke=stroke, strokeWidth=3).encode(text=f"{field}:N")
        for field, dy, size, ink in parts
        for colour, stroke in ((_PAPER, _PAPER), (ink, alt.Undefined))
    ]
    layers = [_lines(drawing, x, y), points, *texts]
    return alt.LayerChart(layer=layers, width=(drawing.n_columns - first) * _COLUMN, height=drawing.n_rows * _ROW)


def _waterfall(told: Told, language: str, n: int, width: float) -> alt.LayerChart:
    import altair as alt
    import pandas as pd

    bars = waterfall(told, Phrases.of(language), n)
    frame = pd.DataFrame(
        {
            "row": range(len(bars)),
            "label": [bar.label for bar in bars],
            "above": ["".join(broken(bar.label, width, _TEXT)) for bar in bars],
            "start": [bar.start for bar in bars],
            "end": [bar.end for bar in bars],
            "right": [max(bar.start, bar.end) for bar in bars],
            "value": [f"{bar.value:.4g}" if bar.kind == "total" else f"{bar.value:+.3g}" for bar in bars],
            "colour": [colour(bar.kind, bar.value) for bar in bars],
            "kind": [bar.kind for bar in bars],
        }
    )
    low, high = min(0.0, *frame["end"]), max(0.0, *frame["end"])
    scale = alt.Scale(domain=[low, high + _FIGURE * (high - low or 1.0)], nice=False)
    x = alt.X("start:Q", title=None, axis=alt.Axis(grid=False), scale=scale)
    rows = alt.Chart(frame).encode(y=alt.Y("row:O", axis=None), tooltip=["label:N", "kind:N", "value:N"])
    layers = [
        rows.mark_bar(height=11, yOffset=8).encode(x=x, x2="end:Q", color=alt.Color("colour:N", scale=None)),
        rows.mark_text(align="left", dx=5, dy=8, fontSize=_SMALL, color=_INK).encode(x="right:Q", text="value:N"),
        rows.mark_text(align="left", dy=-7, fontSize=_TEXT, color=_INK).encode(x=alt.value(0), text="above:N"),
    ]
    return alt.LayerChart(layer=layers, width=width, height=len(bars) * _BAR_ROW)


def _lines(drawing: Drawing, x: alt.X, y: alt.Y) -> alt.Chart:
    import altair as alt
    import pandas as pd

    at = {place.key: place for place in drawing.places}
    strongest = max((abs(line.value) for line in drawing.lines), default=1.0) or 1.0
    dashes = {"link": [7, 5], "constant": [2, 4]}
    frame = pd.DataFrame(
        [
            {
                "x": at[line.start].column,
                "y": at[line.start].row,
                "x2": at[line.end].column,
                "y2": at[line.end].row,
                "width": 1 + (_WIDEST - 1) * abs(line.value) / strongest,
                "dash": dashes.get(line.kind, [1, 0]),
                "colour": colour(line.kind, line.value),
                "from": at[line.start].label,
                "to": at[line.end].label,
                "step": line.relation or line.kind,
                "value": f"{line.value:+.3g}",
                "scorers": ", ".join(line.scorers),
            }
            for line in sorted(drawing.lines, key=lambda line: -abs(line.value))
        ]
    )
    return (
        alt.Chart(frame)
        .mark_rule(opacity=0.55, strokeCap="butt")
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            strokeWidth=alt.StrokeWidth("width:Q", scale=None),
            strokeDash=alt.StrokeDash("dash:N", scale=None),
            color=alt.Color("colour:N", scale=None),
            tooltip=["from:N", "step:N", "to:N", "value:N", "scorers:N"],
        )
    )


def _places(drawing: Drawing) -> pd.DataFrame:
    """Every place with the two lines of its label above it and its caption below."""
    import pandas as pd

    room = _COLUMN - _MARGIN
    labels = [("", "", *broken(place.label, room, _TEXT, n_lines=2))[-2:] for place in drawing.places]
    return pd.DataFrame(
        {
            "x": [place.column for place in drawing.places],
            "y": [place.row for place in drawing.places],
            "label": [place.label for place in drawing.places],
            "above": [upper for upper, _ in labels],
            "near": [lower for _, lower in labels],
            "caption": [place.caption for place in drawing.places],
            "below": ["".join(broken(place.caption, _CAPTION * _COLUMN, _SMALL)) for place in drawing.places],
            "shape": ["square" if place.key[0] == "apart" else "circle" for place in drawing.places],
        }
    )


def colour(kind: str, value: float) -> str:
    """Of a line or a bar; red where it speaks against the item."""
    return COLOURS["against" if value < 0 and kind not in ("total", "rest") else kind]


def fluid(chart: alt.LayerChart) -> Any:
    """The same as wide as its place on a page."""
    import altair as alt

    return chart.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))


def _styled(chart: Any) -> Any:
    return chart.configure(font=FONT, background=_PAPER).configure_view(stroke=None)
