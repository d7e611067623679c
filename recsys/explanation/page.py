"""An explanation as a file: a web page that needs no network, or a picture; and as a cell of a notebook."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.files import replacing
from kg.fonts import FONT, LACKING, MEND, for_png, lacks_letters
from recsys.errors import RecsysError
from recsys.explanation.adding_up import adding_up
from recsys.explanation.phrases import Phrases
from recsys.explanation.picture import COLOURS, both, fluid, paths_picture, waterfall_picture
from recsys.explanation.told import Told
from recsys.explanation.words import words

if TYPE_CHECKING:
    import altair as alt

N_DRAWN = 12
"""Reasons that are drawn, unless told otherwise; the others are one bar."""
_SCALE = 2  # pixels of a PNG per pixel of the chart

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: {fonts} }}
.chart {{ min-width: {narrowest}px }}
{style}</style>
<script>{script}</script>
</head>
<body>
<h1>{title}</h1>
<ol>{reasons}</ol>
<h2>{paths}</h2>
<div class="wide"><div class="chart" id="paths"></div></div>
<ul class="legend">{legend}</ul>
<h2>{waterfall}</h2>
{adding_up}
<script>
vegaEmbed("#paths", {spec}, {{actions: false, renderer: "svg"}});
</script>
</body>
</html>
"""


def save(told: Told, path: Path, *, language: str = "en", n: int = N_DRAWN) -> None:
    """Write `.html` (self-contained, interactive), `.svg` or `.png`; raises RecsysError where no font has the text."""
    with replacing(path) as temporary:
        match path.suffix.lower():
            case ".html":
                temporary.write_text(page(told, language=language, n=n), encoding="utf-8")
            case ".svg":
                temporary.write_text(_svg(both(told, language=language, n=n)), encoding="utf-8")
            case ".png":
                temporary.write_bytes(_png(both(told, language=language, n=n)))
            case other:
                raise RecsysError("no such kind of picture", value=other, fix="Use .html, .svg or .png.")


def page(told: Told, *, language: str = "en", n: int = N_DRAWN) -> str:
    """The whole page; it loads nothing from elsewhere. On a phone the graph is scrolled within it, not squeezed."""
    import vl_convert

    phrases = Phrases.of(language)
    graph = paths_picture(told, language=language, n=n)
    return _PAGE.format(
        language=escape(language),
        title=escape(phrases.pattern("picture", "title").format(item=phrases.node(told.item))),
        fonts=FONT,
        narrowest=graph.width,
        style=files("recsys.explanation").joinpath("page.css").read_text(encoding="utf-8"),
        script=vl_convert.javascript_bundle(None),  # type: ignore[arg-type]  # None: all of vega-embed
        reasons=_list(words(told, language=language)),
        legend=_legend(phrases, max(len(told.straight.reasons) - n, 0)),
        adding_up=adding_up(told, language=language, n=n),
        **{name: escape(phrases.pattern("picture", name)) for name in ("paths", "waterfall")},
        spec=_for_script(fluid(graph).to_dict()),
    )


@dataclass(frozen=True)
class Shown:
    """A told explanation that draws itself in a notebook: the reasons, the paths and the sum, without a script."""

    told: Told
    language: str = "en"
    n: int = 8

    def _repr_html_(self) -> str:
        phrases = Phrases.of(self.language)
        title = phrases.pattern("picture", "title").format(item=phrases.node(self.told.item))
        reasons = _list(words(self.told, language=self.language))
        drawn = [picture(self.told, language=self.language, n=self.n) for picture in (paths_picture, waterfall_picture)]
        return f"<h4>{escape(title)}</h4><ol>{reasons}</ol>{''.join(map(_svg, drawn))}"


def _list(sentences: tuple[str, ...]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _legend(phrases: Phrases, left_out: int) -> str:
    """What is drawn how, each beside a piece of its line, and how many reasons are not drawn."""
    pieces = {kind: f'<i style="color: {shade}"></i>' for kind, shade in COLOURS.items()}
    entries = [
        f'<li class="{kind}">{pieces.get(kind, "")}{escape(text)}</li>' for kind, text in phrases.legend().items()
    ]
    if left_out:
        entries.append(f"<li>{escape(phrases.pattern('picture', 'left_out').format(count=left_out))}</li>")
    return "".join(entries)


def _for_script(spec: dict[str, Any]) -> str:
    """JSON that cannot end the script it stands in, whatever a title says."""
    return json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c")


def _svg(chart: alt.TopLevelMixin) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _png(chart: alt.TopLevelMixin) -> bytes:
    import vl_convert

    spec = json.dumps(chart.to_dict(), ensure_ascii=False)
    if lacks_letters(spec):
        raise RecsysError(LACKING, fix=MEND, bad_input=False)
    return bytes(vl_convert.vegalite_to_png(for_png(spec), scale=_SCALE))
