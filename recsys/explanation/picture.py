"""The two pictures of an explanation: its paths as a small graph, its contributions as a waterfall."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from kg.fonts import FONT
from recsys.explanation.drawing import Drawing, draw, waterfall
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
_COLUMN, _ROW, _BAR_ROW, _MARGIN = 220, 52, 36, 12  # pixels
_FIGURE = 0.14  # share of the width kept for the figures beside the bars
_WIDTH = 640  # pixels of a waterfall that stands alone
_TEXT, _SMALL = 12, 10  # pixels
_GLYPH_WIDTHS = {"wide": 1.0, "upper": 0.69, "other": 0.56}  # shares of the size of the text
_WIDEST = 11  # pixels of the strongest line


def paths_picture(told: Told, *, language: str = "en", n: int = 12, fluid: bool = False) -> alt.LayerChart:
    """The `n` strongest reasons as a graph from the user to the item; `fluid`: as wide as its place on a page.

    The width of a line is what flows over it; links are dashed, constants dotted and apart; red speaks against it.
    """
    return _styled(_paths(told, language, n, fluid=fluid), fluid=fluid)


def waterfall_picture(told: Told, *, language: str = "en", n: int = 12, fluid: bool = False) -> alt.LayerChart:
    """The contributions one after the other up to the score; a label stands above its bar and has the whole width."""
    return _styled(_waterfall(told, language, n, _WIDTH, fluid=fluid), fluid=fluid)


def both(told: Told, *, language: str = "en", n: int = 12) -> alt.VConcatChart:
    """One static picture: the paths over the waterfall, equally wide."""
    import altair as alt

    phrases = Phrases.of(language)
    title = alt.TitleParams(
        phrases.pattern("picture", "title").format(item=phrases.node(told.item)),
        subtitle=phrases.pattern("picture", "legend").split(" · "),
        anchor="start",
        color=_INK,
        subtitleColor=_FAINT,
        offset=20,
    )
    upper = _paths(told, language, n)
    return _styled(alt.vconcat(upper, _waterfall(told, language, n, upper.width), spacing=30, title=title))


def _paths(told: Told, language: str, n: int, *, fluid: bool = False) -> alt.LayerChart:
    import altair as alt

    drawing = draw(told, Phrases.of(language), n)
    first = min((place.column for place in drawing.places), default=0)
    n_columns = drawing.n_columns - first
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[first - 0.5, drawing.n_columns - 0.5], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[drawing.n_rows - 0.4, -0.6], nice=False))
    limit = alt.ExprRef(f"width / {n_columns} - {_MARGIN}") if fluid else alt.Undefined
    places = alt.Chart(_places(drawing, whole=fluid)).encode(x=x, y=y, tooltip=["label:N", "caption:N"])
    points = places.mark_point(filled=True, size=70, opacity=1, color=_INK).encode(
        shape=alt.Shape("shape:N", scale=None)
    )
    texts = [
        places.mark_text(dy=dy, fontSize=size, limit=limit, color=colour, stroke=stroke, strokeWidth=3).encode(
            text=f"{field}:N"
        )
        for field, dy, size, ink in (("above", -13, _TEXT, _INK), ("caption", 14, _SMALL, _FAINT))
        for colour, stroke in ((_PAPER, _PAPER), (ink, alt.Undefined))
    ]
    layers = [_lines(drawing, x, y), points, *texts]
    return alt.LayerChart(layer=layers, width=n_columns * _COLUMN, height=drawing.n_rows * _ROW)


def _waterfall(told: Told, language: str, n: int, width: float, *, fluid: bool = False) -> alt.LayerChart:
    import altair as alt
    import pandas as pd

    bars = waterfall(told, Phrases.of(language), n)
    frame = pd.DataFrame(
        {
            "row": range(len(bars)),
            "label": [bar.label for bar in bars],
            "above": [bar.label if fluid else shortened(bar.label, width) for bar in bars],
            "start": [bar.start for bar in bars],
            "end": [bar.end for bar in bars],
            "right": [max(bar.start, bar.end) for bar in bars],
            "value": [f"{bar.value:.4g}" if bar.kind == "total" else f"{bar.value:+.3g}" for bar in bars],
            "colour": [_colour(bar.kind, bar.value) for bar in bars],
            "kind": [bar.kind for bar in bars],
        }
    )
    low, high = min(0.0, *frame["end"]), max(0.0, *frame["end"])
    scale = alt.Scale(domain=[low, high + _FIGURE * (high - low or 1.0)], nice=False)
    x = alt.X("start:Q", title=None, axis=alt.Axis(grid=False), scale=scale)
    rows = alt.Chart(frame).encode(y=alt.Y("row:O", axis=None), tooltip=["label:N", "kind:N", "value:N"])
    limit = alt.ExprRef("width") if fluid else alt.Undefined
    layers = [
        rows.mark_bar(height=11, yOffset=8).encode(x=x, x2="end:Q", color=alt.Color("colour:N", scale=None)),
        rows.mark_text(align="left", dx=5, dy=8, fontSize=_SMALL, color=_INK).encode(x="right:Q", text="value:N"),
        rows.mark_text(align="left", dy=-7, fontSize=_TEXT, color=_INK, limit=limit).encode(
            x=alt.value(0), text="above:N"
        ),
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
                "colour": _colour(line.kind, line.value),
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


def _places(drawing: Drawing, *, whole: bool) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(
        {
            "x": [place.column for place in drawing.places],
            "y": [place.row for place in drawing.places],
            "label": [place.label for place in drawing.places],
            "above": [place.label if whole else shortened(place.label, _COLUMN - _MARGIN) for place in drawing.places],
            "caption": [place.caption for place in drawing.places],
            "shape": ["square" if place.key[0] == "apart" else "circle" for place in drawing.places],
        }
    )


def shortened(text: str, pixels: float) -> str:
    """The text with "…" where it would be wider; by rule of thumb, since measuring glyphs takes seconds a picture."""
    reached = 0.0
    for place, character in enumerate(text):
        wide = "wide" if east_asian_width(character) in "WF" else "upper" if character.isupper() else "other"
        reached += _GLYPH_WIDTHS[wide] * _TEXT
        if reached > pixels:
            return text[: max(place - 1, 0)].rstrip() + "…"
    return text


def _colour(kind: str, value: float) -> str:
    return COLOURS["against" if value < 0 and kind not in ("total", "rest") else kind]


def _styled(chart: Any, *, fluid: bool = False) -> Any:
    import altair as alt

    if fluid:
        chart = chart.properties(width="container", autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    return chart.configure(font=FONT, background=_PAPER).configure_view(stroke=None)
