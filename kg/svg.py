"""A canvas as SVG: text that stays sharp, and that a page can make answer to the mouse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import cos, pi, radians, sin
from typing import Any

from kg.canvas import HALO, LEADING, MARGIN, PAPER, Canvas
from kg.fonts import FONT
from kg.xml_text import xml_text

_ANCHORS = {"left": "start", "center": "middle", "right": "end"}
_PLACED = {"x", "y", "size", "colour"}
_TIP, _BACK, _ASIDE = 1.4, 1.0, 0.7  # of half the root of a head's area: one sees where a slim one points
_DOWN = 0.35  # of a text's size: from its middle to its base line


def svg(canvas: Canvas, title: str) -> str:
    """The picture; what is told of a circle is its title, and of `data_…` its attributes."""
    left, top, right, bottom = canvas.bounds()
    box = (left - MARGIN, top - MARGIN, right - left + 2 * MARGIN, bottom - top + 2 * MARGIN)
    size = f'width="{box[2]:.0f}" height="{box[3]:.0f}" viewBox="{" ".join(f"{each:.1f}" for each in box)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" role="img">',
        f"<title>{xml_text(title)}</title>",
        f'<rect x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2]:.1f}" height="{box[3]:.1f}" fill="{PAPER}"/>',
        *_lines(canvas),
        *map(_arrow, canvas.arrows),
        *map(_circle, canvas.circles),
        *map(_text, canvas.texts),
        "</svg>",
    ]
    return "\n".join(parts)


def _lines(canvas: Canvas) -> Iterable[str]:
    lines: dict[int, list[dict[str, Any]]] = {}
    for row in canvas.lines:
        lines.setdefault(row["line"], []).append(row)
    for rows in lines.values():
        points = " ".join(f"{row['x']:.1f},{row['y']:.1f}" for row in rows)
        first = rows[0]
        yield (
            f'<polyline points="{points}" fill="none" stroke="{first["colour"]}" stroke-width="{first["size"]:.2f}" '
            f'stroke-linecap="round"{_data(first)}/>'
        )


def _arrow(row: Mapping[str, Any]) -> str:
    """A triangle around its place."""
    x, y, turn, half = row["x"], row["y"], radians(row["angle"]), row["size"] ** 0.5 / 2
    shape = ((0.0, -_TIP * half), (_ASIDE * half, _BACK * half), (-_ASIDE * half, _BACK * half))
    points = " ".join(
        f"{x + right * cos(turn) - down * sin(turn):.1f},{y + right * sin(turn) + down * cos(turn):.1f}"
        for right, down in shape
    )
    return f'<polygon points="{points}" fill="{row["colour"]}"{_data(row)}/>'


def _circle(row: Mapping[str, Any]) -> str:
    told = "\n".join(str(value) for key, value in row.items() if key not in _PLACED and not key.startswith("data_"))
    title = f"<title>{xml_text(told)}</title>" if told else ""
    radius = (row["size"] / pi) ** 0.5
    return (
        f'<circle cx="{row["x"]:.1f}" cy="{row["y"]:.1f}" r="{radius:.1f}" fill="{row["colour"]}" stroke="{PAPER}" '
        f'stroke-width="1.5"{_data(row)}>{title}</circle>'
    )


def _text(row: Mapping[str, Any]) -> str:
    x, y, size = row["x"], row["y"], row["size"]
    turn = f' transform="rotate({row["angle"]:.1f} {x:.1f} {y:.1f})"' if row["angle"] else ""
    lines = [xml_text(line) for line in row["text"].split("\n")]
    step = size + LEADING
    spans = "".join(
        f'<tspan x="{x:.1f}" dy="{step if place else 0:g}">{line}</tspan>' for place, line in enumerate(lines)
    )
    return (
        f'<text x="{x:.1f}" y="{y + _DOWN * size:.1f}" font-size="{size:g}" fill="{row["colour"]}" '
        f'text-anchor="{_ANCHORS[row["align"]]}" paint-order="stroke" stroke="{PAPER}" stroke-width="{HALO:g}" '
        f'stroke-linejoin="round"{turn}{_data(row)}>{spans if len(lines) > 1 else lines[0]}</text>'
    )


def _data(row: Mapping[str, Any]) -> str:
    told = ((key.removeprefix("data_"), value) for key, value in row.items() if key.startswith("data_"))
    return "".join(f' data-{key}="{xml_text(value)}"' for key, value in told)
