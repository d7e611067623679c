"""An explanation as a file: a web page that needs no network, or a picture; and as a cell of a notebook."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.files import replacing
from kg.fonts import FONT, LACKING, MEND, lacks_letters
from recsys.errors import RecsysError
from recsys.explanation.phrases import Phrases
from recsys.explanation.picture import both, paths_picture, waterfall_picture
from recsys.explanation.told import Told
from recsys.explanation.words import words

if TYPE_CHECKING:
    import altair as alt

_SCALE = 2  # pixels of a PNG per pixel of the chart
_NARROWEST = 560  # pixels below which the graph is scrolled, not squeezed

_PAGE = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font-family: {fonts}; color: #22303c; line-height: 1.5; overflow-wrap: anywhere }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}
h1 {{ font-size: 1.4rem }}
h2 {{ font-size: 1.1rem; margin-top: 2rem }}
li {{ margin: .3rem 0 }}
small {{ color: #6b7885 }}
.chart {{ width: 100% }}
.wide {{ overflow-x: auto }}
.wide .chart {{ min-width: {narrowest}px }}
</style>
<script>{script}</script>
</head>
<body>
<h1>{title}</h1>
<ol>{reasons}</ol>
<h2>{paths}</h2>
<div class="wide"><div class="chart" id="paths"></div></div>
<p><small>{legend}</small></p>
<h2>{waterfall}</h2>
<div class="chart" id="waterfall"></div>
<h2>{numbers}</h2>
<ul>{lines}</ul>
<script>
vegaEmbed("#paths", {paths_spec}, {{actions: false, renderer: "svg"}});
vegaEmbed("#waterfall", {waterfall_spec}, {{actions: false, renderer: "svg"}});
</script>
</body>
</html>
"""


def save(told: Told, path: Path, *, language: str = "en", n: int = 12) -> None:
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


def page(told: Told, *, language: str = "en", n: int = 12) -> str:
    """The whole page; it loads nothing from elsewhere."""
    import vl_convert

    phrases = Phrases.of(language)
    charts = {
        "paths_spec": paths_picture(told, language=language, n=n, fluid=True),
        "waterfall_spec": waterfall_picture(told, language=language, n=n, fluid=True),
    }
    left_out = max(len(told.straight.reasons) - n, 0)
    legend = phrases.pattern("picture", "legend")
    if left_out:
        legend = f"{legend} · {phrases.pattern('picture', 'left_out').format(count=left_out)}"
    return _PAGE.format(
        language=escape(language),
        title=escape(phrases.pattern("picture", "title").format(item=phrases.node(told.item))),
        fonts=FONT,
        narrowest=_NARROWEST,
        script=vl_convert.javascript_bundle(None),  # type: ignore[arg-type]  # None: all of vega-embed
        reasons=_list(words(told, language=language)),
        lines=_list(words(told, language=language, audience="merchandiser", n=n)),
        legend=escape(legend),
        **{name: escape(phrases.pattern("picture", name)) for name in ("paths", "waterfall", "numbers")},
        **{name: _for_script(chart.to_dict()) for name, chart in charts.items()},
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


def _for_script(spec: dict[str, Any]) -> str:
    """JSON that cannot end the script it stands in, whatever a title says."""
    return json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c")


def _svg(chart: alt.TopLevelMixin) -> str:
    import vl_convert

    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _png(chart: alt.TopLevelMixin) -> bytes:
    import vl_convert

    spec = chart.to_dict()
    if lacks_letters(json.dumps(spec, ensure_ascii=False)):
        raise RecsysError(LACKING, fix=MEND, bad_input=False)
    return bytes(vl_convert.vegalite_to_png(spec, scale=_SCALE))
