"""The picture of a graph's schema."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from math import atan2, cos, hypot, log10, pi, sin
from pathlib import Path
from typing import TYPE_CHECKING

from kg.canvas import COLOURS, FAINT, INK, Align, Canvas, Point
from kg.errors import KgError
from kg.files import replacing
from kg.graph import ITEM, USER, KnowledgeGraph

if TYPE_CHECKING:
    import altair as alt

FORMATS = (".html", ".svg", ".png")
_PNG_SCALE = 2
_ON_PHONES = (
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>svg.marks { max-width: 100%; height: auto }</style>"
)
_SPACING, _NEAREST = 220, 150  # pixels between joined types (on average), and at least between any two
_BEND = 0.14  # how far two opposite arrows part, as a share of their length
_LOOP, _LOOP_TURN = 46, 2.2  # pixels across a loop, radians of it to either side that are drawn
_GAP, _SIDEWAYS = 6, 0.4  # pixels between circle and arrow; a label further aside than this cosine is left or right
_CURVE = 24  # steps of a curve


def save_picture(chart: alt.TopLevelMixin, path: Path) -> None:
    """Write a chart as `.html` (one file that needs no network), `.svg` or `.png`, by the ending of `path`."""
    import vl_convert

    spec = chart.to_dict()
    match path.suffix:
        case ".html":
            page = vl_convert.vegalite_to_html(spec, bundle=True)
            content = page.replace("<head>", f"<head>{_ON_PHONES}", 1).encode()
        case ".svg":
            content = vl_convert.vegalite_to_svg(spec).encode()
        case ".png":
            content = vl_convert.vegalite_to_png(spec, scale=_PNG_SCALE)
        case _:
            raise KgError("a picture has no such format", file=path, fix=f"End its name in {', '.join(FORMATS)}.")
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def schema_picture(graph: KnowledgeGraph) -> alt.LayerChart:
    """Node types as circles that grow with the logarithm of their number, relations as arrows with theirs."""
    canvas = Canvas()
    places = _places(graph)
    radius = {name: 16 + 6 * log10(1 + len(node_type)) for name, node_type in graph.nodes.items()}
    said: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (source, name, target), edges in graph.relations.items():
        said[source, target].append(f"{name} {len(edges):,}")
    taken: dict[str, list[float]] = defaultdict(list)  # where arrows touch a circle, radians
    for source, target in said:
        if source != target:
            taken[source].append(_angle(places[source], places[target]))
            taken[target].append(_angle(places[target], places[source]))
    for place, (name, node_type) in enumerate(graph.nodes.items()):
        number, side = f"{len(node_type):,}", _free(taken[name])
        taken[name].append(side)
        canvas.circle(places[name], radius[name], COLOURS[place % len(COLOURS)], type=name, nodes=number)
        _beside(canvas, places[name], radius[name] + 6, side, f"{name}\n{number}", size=13, colour=INK)
    for (source, target), names in said.items():
        start, text = places[source], "\n".join(names)
        if source == target:
            side = _free(taken[source])
            points = _loop(start, radius[source], side)
            _beside(canvas, start, radius[source] + _LOOP + 6, side, text, size=11, colour=FAINT)
        else:
            bend = _BEND if (target, source) in said else 0.0
            points = _curve(start, places[target], radius[source], radius[target], bend)
            canvas.text(points[_CURVE // 2], text, size=11, colour=FAINT)
        canvas.line(points)
        canvas.arrow(points[-2], points[-1], FAINT)
    return canvas.chart("What the graph is made of")


def _places(graph: KnowledgeGraph) -> dict[str, Point]:
    """Where the node types stand: their distances follow the steps between them (Kamada & Kawai 1989)."""
    import networkx as nx

    schema = nx.Graph((source, target) for source, _, target in graph.relations if source != target)
    schema.add_nodes_from(graph.nodes)
    steps = dict(nx.all_pairs_shortest_path_length(schema))
    apart = 1 + max(max(own.values()) for own in steps.values())
    distance = {one: {other: steps[one].get(other, apart) for other in schema} for one in schema}
    layout = nx.kamada_kawai_layout(schema, dist=distance, pos=nx.circular_layout(schema))
    raw = {name: (float(x), float(y)) for name, (x, y) in layout.items()}
    lengths = [_distance(raw[one], raw[other]) for one, other in schema.edges] or [1.0]
    nearest = min((_distance(raw[one], raw[other]) for one, other in combinations(raw, 2)), default=1.0)
    scale = max(_SPACING * len(lengths) / sum(lengths), _NEAREST / nearest)
    turn = -_angle(raw[USER], raw[ITEM]) if {USER, ITEM} <= {*raw} else 0.0  # users stand to the left of items
    return {
        name: ((x * cos(turn) - y * sin(turn)) * scale, (x * sin(turn) + y * cos(turn)) * scale)
        for name, (x, y) in raw.items()
    }


def _free(taken: list[float]) -> float:
    """The middle of the widest gap between angles, radians; downwards where nothing is taken."""
    if not taken:
        return pi / 2
    around = sorted(angle % (2 * pi) for angle in taken)
    gaps = [(after - before, before) for before, after in pairwise([*around, around[0] + 2 * pi])]
    gap, before = max(gaps)
    return before + gap / 2


def _curve(start: Point, end: Point, r_start: float, r_end: float, bend: float) -> list[Point]:
    """Points from the rim of one circle to the rim of another, bent aside by a share of their distance."""
    length = _distance(start, end)
    along = ((end[0] - start[0]) / length, (end[1] - start[1]) / length)
    first, last = (r_start + _GAP) / length, 1 - (r_end + _GAP) / length
    points = []
    for step in range(_CURVE + 1):
        share = first + (last - first) * step / _CURVE
        forward, aside = share * length, 4 * share * (1 - share) * bend * length
        x, y = forward * along[0] - aside * along[1], forward * along[1] + aside * along[0]
        points.append((start[0] + x, start[1] + y))
    return points


def _loop(at: Point, radius: float, side: float) -> list[Point]:
    """Points of a loop on one side of a circle; a part of it lies behind the circle."""
    centre = (at[0] + cos(side) * (radius + _LOOP * 0.4), at[1] + sin(side) * (radius + _LOOP * 0.4))
    turns = [side - _LOOP_TURN + 2 * _LOOP_TURN * step / _CURVE for step in range(_CURVE + 1)]
    return [(centre[0] + _LOOP / 2 * cos(turn), centre[1] + _LOOP / 2 * sin(turn)) for turn in turns]


def _beside(canvas: Canvas, at: Point, away: float, side: float, text: str, *, size: float, colour: str) -> None:
    """A text on one side of a circle."""
    x, y = cos(side), sin(side)
    align: Align = "left" if x > _SIDEWAYS else "right" if x < -_SIDEWAYS else "center"
    down = y * size * 0.6 * (text.count("\n") + 1)  # so that its nearest line, not its middle, is `away`
    canvas.text((at[0] + x * away, at[1] + y * away + down), text, size, colour, align)


def _distance(one: Point, other: Point) -> float:
    return hypot(other[0] - one[0], other[1] - one[1])


def _angle(one: Point, other: Point) -> float:
    """The direction from one place to another, radians, clockwise from the right."""
    return atan2(other[1] - one[1], other[0] - one[0])
