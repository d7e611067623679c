"""The surroundings of a node as a file: a page that needs no network and answers the mouse, or a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from html import escape
from importlib.resources import files
from itertools import groupby
from pathlib import Path

from kg.customers import FEWEST
from kg.ego_picture import draw, relation_text, title, told
from kg.errors import KgError
from kg.files import replacing
from kg.fonts import LACKING, MEND, for_png, lacks_letters
from kg.graph import KnowledgeGraph
from kg.neighbourhood import Neighbourhood, neighbourhood
from kg.svg import svg

_SCALE = 2  # pixels of a PNG per pixel of the picture
_HELP = "Rest on a node to see what it hangs on; click a dot’s line for one type; wheel and drag to look closer."
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<h1>{title}</h1>
<p class="help">{help}</p>
<input type="search" placeholder="Find a name" aria-label="Find a name">
<div class="picture">
{picture}
</div>
<h2>The same as a list</h2>
{listed}
<script>
{script}</script>
</body>
</html>
"""


def save_view(
    graph: KnowledgeGraph, node: int, path: Path, hops: int = 1, limit: int = 300, fewest: int = FEWEST
) -> None:
    """Write a node's `neighbourhood` as `.html`, `.svg` or `.png`.

    Raises KgError for another ending, and for a PNG of Chinese names where no font has them.
    """
    kinds: Mapping[str, Callable[[], bytes]] = {
        ".html": lambda: page(graph, node, found).encode(),
        ".svg": lambda: drawn().encode(),
        ".png": lambda: _png(drawn(), path),
    }
    if path.suffix not in kinds:
        raise KgError("a picture has no such format", file=path, fix=f"End its name in {', '.join(kinds)}.")
    found = neighbourhood(graph, node, hops, limit, fewest)
    drawn = partial(_svg, graph, node, found)
    content = kinds[path.suffix]()
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def page(graph: KnowledgeGraph, node: int, found: Neighbourhood) -> str:
    """The whole page; it loads nothing from elsewhere."""
    style, script = ((files("kg") / f"view.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    return _PAGE.format(
        title=escape(title(graph, node)),
        style=style,
        script=script,
        help=_HELP,
        picture=svg(draw(graph, found), title(graph, node)),
        listed=_listed(graph, found),
    )


def _svg(graph: KnowledgeGraph, node: int, found: Neighbourhood) -> str:
    heading = title(graph, node)
    return svg(draw(graph, found, heading), heading)


def _png(drawn: str, path: Path) -> bytes:
    import vl_convert

    if lacks_letters(drawn):
        raise KgError(LACKING, file=path, fix=MEND, bad_input=False)
    return bytes(vl_convert.svg_to_png(for_png(drawn), scale=_SCALE))


def _listed(graph: KnowledgeGraph, found: Neighbourhood) -> str:
    """What is drawn as a list for readers of small screens, and for those who read by ear."""
    children = found.children()
    totals = {
        (relation[1], relation[2]): relation_text(relation, nodes, known) for relation, nodes, known in found.relations
    }

    def stepped(child: int) -> tuple[str, str]:
        return found.spots[child].steps[0][0], found.spots[child].type

    def items(position: int) -> str:
        parts = []
        for (name, kind), group in groupby(children[position], stepped):
            lines = "".join(f"<li>{line(child)}</li>" for child in group)
            heading = totals.get((name, kind), name) if position == 0 else name.removeprefix("rev_")
            parts.append(f"<li><small>{escape(heading)}</small><ul>{lines}</ul></li>")
        return f"<ul>{''.join(parts)}</ul>" if parts else ""

    def line(position: int) -> str:
        about = told(graph, found.spots[position])
        own = f" <small>{escape(about['id'])}</small>" if "id" in about else ""
        return f"{escape(about['label'])}{own}{items(position)}"

    return items(0)
