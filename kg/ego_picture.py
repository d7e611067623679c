"""A node among its neighbours: rings around it, a colour a type, and what is not drawn as a number."""

from __future__ import annotations

import re
from itertools import accumulate, pairwise
from math import cos, degrees, log10, pi, sin

from kg.canvas import COLOURS, FAINT, INK, Align, Canvas, Point, shortened, text_width
from kg.customers import said
from kg.graph import USER, KnowledgeGraph, Relation
from kg.neighbourhood import Neighbourhood, Spot

_LEVEL = 16  # as many spots can have level labels; more have theirs turned outwards
_RING = 110  # pixels: the least radius of the first ring
_LEVEL_SLOT, _TURNED_SLOT = 36, 13  # pixels between labels: of two lines one below the other, or side by side
_LEVEL_SIZE, _TURNED_SIZE, _LIST_SIZE = 13, 9.5, 12
_LONGEST, _LINE_LENGTH = 34, 17  # letters of a label, and of one of its lines where it is level
_HEADING_SIZE = 17
_GAP = 4  # pixels between circle and label
_WEIGHT = 2  # places more on the outermost ring that an end takes up for every ring it stands further in
_MIDDLE, _WIDEST_GAP = 12.0, 30  # pixels: radius of the node in the middle, and what a ring has beside its labels
_FAINT_LINE = "#d3dbe1"
_HEAD, _SMALL_HEAD, _FAINT_HEAD = 70.0, 24.0, 14.0  # px² of an arrow: of few, of many, of a link
_HEAD_AT = 0.6  # of the way, where an arrow's head is: those that meet at one node stand apart
_ROW = 19  # pixels of a line of the list


def draw(graph: KnowledgeGraph, found: Neighbourhood, heading: str = "") -> Canvas:
    """The canvas. Each spot has its position as `data_spot`, that of its parent as `data_parent`, and its type."""
    canvas = Canvas()
    level = len(found.spots) <= _LEVEL + 1
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(graph.nodes)}
    angles = _angles(found)
    radii = _radii(graph, found, angles, level=level)
    places: list[Point] = [_polar(radii[spot.depth], angle) for spot, angle in zip(found.spots, angles, strict=True)]
    for source, target, _ in found.links:
        canvas.line([places[source], places[target]], _FAINT_LINE, 0.6, spot=source, parent=target)
        _head(canvas, places[source], places[target], _FAINT_LINE, _FAINT_HEAD, spot=source, parent=target)
    for position, spot in enumerate(found.spots[1:], 1):
        edges = sum(number or 1 for _, number in spot.steps)
        width = 0.8 + 1.2 * log10(edges) if spot.place >= 0 else 1.2
        ends, about = (places[spot.parent], places[position]), {"spot": position, "parent": spot.parent}
        canvas.line(ends, colours[spot.type], width, **about)
        for is_back in {name.startswith("rev_") for name, _ in spot.steps}:
            start, end = ends[::-1] if is_back else ends
            _head(canvas, start, end, colours[spot.type], _HEAD if level else _SMALL_HEAD, **about)
    for position, spot in enumerate(found.spots):
        radius = (6.0 if level else 4.5) + log10(spot.count or 1) if position else _MIDDLE
        colour = INK if position == 0 else colours[spot.type]
        data = {"data_spot": position, "data_parent": spot.parent, "data_type": spot.type}
        canvas.circle(places[position], radius, colour, **told(graph, spot), **data)
        if position:
            away = radii[spot.depth] + radius + _GAP
            _label(canvas, _called(graph, spot), away, angles[position], level=level, spot=position)
    _list(canvas, found, colours, heading)
    return canvas


def title(graph: KnowledgeGraph, node: int) -> str:
    """Such as `item 85123A: White heart`."""
    label, own = graph.label(node), f"{graph.type_of(node).name} {shortened(graph.id(node), 2 * _LONGEST)}"
    return own if label == graph.id(node) else f"{own}: {shortened(label, 2 * _LONGEST)}"


def told(graph: KnowledgeGraph, spot: Spot) -> dict[str, str]:
    """What is told of a spot: label, id and how it is tied to its parent."""
    ties = ", ".join(f"{name.removeprefix('rev_')} {said(edges)}" for name, edges in spot.steps)
    if spot.place < 0:
        return {"label": _called(graph, spot), "ties": ties}
    return {"label": graph.label(spot.place), "id": f"{spot.type} {graph.id(spot.place)}", "ties": ties}


def relation_text(relation: Relation, nodes: int | None, known: int) -> str:
    """Such as `purchase → item: 120 of 1,204`."""
    _, name, target = relation
    back = name.removeprefix("rev_")
    words = f"{name} → {target}" if back == name else f"{target} {back} → this"
    return f"{words}: {said(nodes)}" if known in (0, nodes) else f"{words}: {known:,} of {said(nodes)}"


def _called(graph: KnowledgeGraph, spot: Spot) -> str:
    if spot.place >= 0:
        return graph.label(spot.place)
    return f"{said(spot.count)} {'customers' if spot.type == USER else f'more: {spot.type}'}"


def _angles(found: Neighbourhood) -> list[float]:
    """Radians, clockwise from the top: what nothing hangs on evenly, all others in the middle of what hangs on them."""
    children = found.children()
    order, stack = [], [0]
    while stack:
        order.append(stack.pop())
        stack += reversed(children[order[-1]])
    outermost = max(spot.depth for spot in found.spots)
    weights = [0 if children[at] else 1 + _WEIGHT * (outermost - found.spots[at].depth) for at in order]
    angles = [0.0] * len(order)
    for position, weight, reached in zip(order, weights, accumulate(weights), strict=True):
        angles[position] = 2 * pi * (reached - weight / 2) / sum(weights) - pi / 2
    for position in reversed(order):
        if own := children[position]:
            angles[position] = (angles[own[0]] + angles[own[-1]]) / 2
    return angles


def _radii(graph: KnowledgeGraph, found: Neighbourhood, angles: list[float], *, level: bool) -> list[float]:
    """The radius of every ring, pixels: room for all labels on it, and for those of the ring before."""
    size, slot = (_LEVEL_SIZE, _LEVEL_SLOT) if level else (_TURNED_SIZE, _TURNED_SLOT)
    radii, widest = [0.0], float(_RING - _WIDEST_GAP)
    for depth in range(1, max(spot.depth for spot in found.spots) + 1):
        own = [position for position, spot in enumerate(found.spots) if spot.depth == depth]
        nearest = _nearest(sorted(angles[position] for position in own), level=level)
        radii.append(max(radii[-1] + widest + _WIDEST_GAP, slot / nearest))
        widest = max(_width(_called(graph, found.spots[position]), level=level) for position in own) * size
    return radii


def _nearest(angles: list[float], *, level: bool) -> float:
    """How near two labels come on a ring of radius 1: one above the other where they are level, else side by side."""
    turns = [(angles[-1] - 2 * pi, angles[0]), *pairwise(angles)]
    if not level:
        return min(after - before for before, after in turns)
    beside = [(sin(one), sin(other)) for one, other in turns if (cos(one) < 0) == (cos(other) < 0)]
    return min((abs(one - other) for one, other in beside if one != other), default=2 * pi)


def _width(text: str, *, level: bool) -> float:
    """Of a label, in shares of its size."""
    return text_width(_wrapped(text) if level else shortened(text, _LONGEST))


def _head(canvas: Canvas, start: Point, end: Point, colour: str, size: float, **about: int) -> None:
    """The head of an arrow on the line from one place to another."""
    (x, y), (to_x, to_y) = start, end
    canvas.arrow(start, (x + _HEAD_AT * (to_x - x), y + _HEAD_AT * (to_y - y)), colour, size, **about)


def _label(canvas: Canvas, text: str, radius: float, angle: float, *, level: bool, spot: int) -> None:
    """A label outside its ring: level where few are drawn, else turned outwards and never upside down."""
    side: Align = "right" if cos(angle) < 0 else "left"
    if level:
        lines = _wrapped(text)
        above = abs(sin(angle)) * _LEVEL_SIZE * 0.6 * (1 + lines.count("\n"))  # half of its height
        canvas.text(_polar(radius + above, angle), lines, _LEVEL_SIZE, INK, side, spot=spot)
        return
    turned = degrees(angle) + (180 if side == "right" else 0)
    canvas.text(_polar(radius, angle), shortened(text, _LONGEST), _TURNED_SIZE, INK, side, turned, spot=spot)


def _wrapped(text: str) -> str:
    """At most two lines of a label."""
    line = shortened(text, _LONGEST)
    if len(line) <= _LINE_LENGTH:
        return line
    breaks = [found.start() for found in re.finditer(" ", line)]
    middle = min(breaks, key=lambda place: abs(place - len(line) / 2), default=None)
    return line if middle is None else f"{line[:middle]}\n{line[middle + 1 :]}"


def _list(canvas: Canvas, found: Neighbourhood, colours: dict[str, str], heading: str) -> None:
    """Above the rings what they show: the node, what it is tied to, and the types further out."""
    lines = [(relation[2], relation_text(relation, nodes, known)) for relation, nodes, known in found.relations]
    far = {spot.type for spot in found.spots if spot.depth > 1} - {kind for kind, _ in lines}
    lines += [(kind, kind) for kind in colours if kind in far]
    if found.cut:
        lines.append(("", "There is more further out than has room here."))
    left, top, _, _ = canvas.bounds()
    for place, (kind, text) in enumerate(lines):
        at = top - 20 - _ROW * (len(lines) - place)
        if kind:
            canvas.circle((left + 6, at), 5.5, colours[kind], data_key=kind)
        colour = INK if kind and kind not in far else FAINT
        canvas.text((left + 18, at), text, _LIST_SIZE, colour, "left", key=kind)
    if heading:
        canvas.text((left, top - 32 - _ROW * (len(lines) + 1)), heading, _HEADING_SIZE, INK, "left")


def _polar(radius: float, angle: float) -> Point:
    return radius * cos(angle), radius * sin(angle)
