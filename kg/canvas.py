"""Lines, arrows, circles and texts at places given in pixels, as one Altair chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import atan2, cos, degrees, pi, sin
from typing import TYPE_CHECKING, Any, Literal
from unicodedata import east_asian_width

from kg.fonts import FONT

if TYPE_CHECKING:
    import altair as alt

INK, FAINT, LINE, PAPER = "#22303c", "#5d6b78", "#aab5c0", "#ffffff"
COLOURS = (
    "#1b7f79", "#d9822b", "#5b6fb5", "#b5527c", "#7a9a3a", "#8a5fbf", "#c0392b", "#3f8fbf", "#b08b2e", "#6b7885",
)  # fmt: skip
"""Of types of nodes, in their order."""
Point = tuple[float, float]
Align = Literal["left", "center", "right"]
Rows = list[dict[str, Any]]

HALO, MARGIN = 4.0, 16.0
"""Pixels around a text, and around the whole."""
LEADING = 2.0
"""Pixels between lines: Vega's."""
_ARROW = 90.0  # px² of an arrow's head
_NARROW, _WIDE = 0.63, 1.0  # widths of a letter and of a wide one, as shares of a text's size


@dataclass(frozen=True)
class Canvas:
    """What is to be drawn, in the order of the layers: lines, arrows, circles, texts; x to the right, y downwards.

    What a page is to know of a thing (`data`) is kept with it as `data_…`.
    """

    lines: Rows = field(default_factory=list)
    arrows: Rows = field(default_factory=list)
    circles: Rows = field(default_factory=list)
    texts: Rows = field(default_factory=list)
    _number: count[int] = field(default_factory=count)

    def line(self, points: Sequence[Point], colour: str = LINE, width: float = 1.5, **data: object) -> None:
        name = next(self._number)
        for order, (x, y) in enumerate(points):
            row = {"line": name, "order": order, "x": x, "y": y, "colour": colour, "size": width}
            self.lines.append(row | _data(data))

    def arrow(self, start: Point, end: Point, colour: str = LINE, size: float = _ARROW, **data: object) -> None:
        """The head of an arrow at `end`, coming from `start`; its `size` is an area, pixels²."""
        (x, y), angle = end, degrees(atan2(end[1] - start[1], end[0] - start[0])) + 90  # the mark points upwards
        self.arrows.append({"x": x, "y": y, "angle": angle, "colour": colour, "size": size} | _data(data))

    def circle(self, at: Point, radius: float, colour: str, **told: object) -> None:
        """A filled circle; `told` is shown where the mouse rests on it."""
        x, y = at
        self.circles.append({"x": x, "y": y, "size": pi * radius**2, "colour": colour, **told})

    def text(
        self,
        at: Point,
        text: str,
        size: float = 12,
        colour: str = INK,
        align: Align = "center",
        angle: float = 0,
        **data: object,
    ) -> None:
        """A text whose `align` end lies at a point, turned clockwise by `angle` degrees; level, it may have lines."""
        x, y = at[0], at[1] - text.count("\n") * (size + LEADING) / 2  # a mark stands at its first line
        row = {"x": x, "y": y, "text": text, "size": size, "colour": colour, "align": align, "angle": angle % 360}
        self.texts.append(row | _data(data))

    def chart(self, title: str) -> alt.LayerChart:
        """The chart, as large as what is drawn."""
        import altair as alt

        left, top, right, bottom = self.bounds()
        x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[left, right], nice=False))
        y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[bottom, top], nice=False))
        colour, size = alt.Color("colour:N", scale=None), alt.Size("size:Q", scale=None)
        angle = alt.Angle("angle:Q", scale=None)

        def base(rows: Rows) -> alt.Chart:
            return alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)

        width = alt.StrokeWidth("size:Q", scale=None)
        lines = base(self.lines).mark_line(interpolate="basis", strokeCap="round")
        layers = [lines.encode(detail="line:N", order="order:Q", color=colour, strokeWidth=width)]
        layers.append(
            base(self.arrows).mark_point(shape="triangle", filled=True, opacity=1).encode(colour, size, angle)
        )
        told = sorted({name for row in self.circles for name in row} - {"x", "y", "size", "colour"})
        circles = base(self.circles).mark_circle(opacity=1, stroke=PAPER, strokeWidth=1.5)
        layers.append(circles.encode(colour, size, tooltip=[alt.Tooltip(f"{name}:N") for name in told]))
        for align in ("left", "center", "right"):
            rows = [row for row in self.texts if row["align"] == align]
            words: dict[str, Any] = {"align": align, "baseline": "middle", "lineBreak": "\n", "font": FONT}
            halo = base(rows).mark_text(**words, stroke=PAPER, strokeWidth=HALO, strokeJoin="round", color=PAPER)
            for text in (halo, base(rows).mark_text(**words).encode(colour)):
                layers.append(text.encode(size, angle, text="text:N"))  # noqa: PERF401
        chart = alt.layer(*layers).properties(width=right - left, height=bottom - top, title=title, background=PAPER)
        styled = chart.configure(padding=MARGIN).configure_view(stroke=None)
        return styled.configure_title(font=FONT, fontSize=16, anchor="start", color=INK, offset=14)

    def bounds(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of everything, texts by an estimate of their width."""
        points = [(row["x"], row["y"]) for row in (*self.lines, *self.arrows)]
        for row in self.circles:
            radius = (row["size"] / pi) ** 0.5
            points += [(row["x"] + side * radius, row["y"] + side * radius) for side in (-1, 1)]
        for row in self.texts:
            points += corners(row)
        xs, ys = zip(*points, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def _data(data: Mapping[str, object]) -> dict[str, object]:
    return {f"data_{name}": value for name, value in data.items()}


def shortened(text: str, n: int) -> str:
    """At most `n` letters of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= n else line[: n - 1].rstrip() + "…"


def text_width(text: str) -> float:
    """About how wide the widest line of a text is, as a share of its size."""
    return max(
        sum(_WIDE if east_asian_width(letter) in "WF" else _NARROW for letter in line) for line in text.split("\n")
    )


def corners(row: dict[str, Any]) -> list[Point]:
    """Of a text, by an estimate of its width: upper left, upper right, lower left, lower right as it is read."""
    width, above = text_width(row["text"]) * row["size"], row["size"] * 0.6
    below = above + row["text"].count("\n") * (row["size"] + LEADING)
    first = {"left": 0.0, "center": -width / 2, "right": -width}[row["align"]]
    turn = row["angle"] * pi / 180
    return [
        (row["x"] + dx * cos(turn) - dy * sin(turn), row["y"] + dx * sin(turn) + dy * cos(turn))
        for dx in (first, first + width)
        for dy in (-above, below)
    ]
