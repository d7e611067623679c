"""Which letters the fonts of this machine lack: a PNG is drawn with them, a page with those of its reader."""

from __future__ import annotations

import re

FONT = "'Noto Sans', 'DejaVu Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
"""Latin first, then what the systems have for Chinese: a browser looks for every letter along the list."""
_CHINESE_FIRST = "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans', 'DejaVu Sans', sans-serif"
"""For a PNG with Chinese: what draws it takes the list's first font, and for letters that this lacks any at all."""

_CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_GLYPH = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="30" height="30">'
    '<text y="25" font-size="24" font-family="{fonts}">{glyph}</text></svg>'
)
LACKING = "no font on this machine has Chinese characters, and a PNG is drawn with what is here"
MEND = "Install one (Debian: fonts-noto-cjk), or write .html or .svg, which are drawn where they are read."


def for_png(drawing: str) -> str:
    """A drawing (SVG, or a chart as JSON) with the fonts first that have its letters."""
    return drawing.replace(FONT, _CHINESE_FIRST) if _CHINESE.search(drawing) else drawing


def lacks_letters(text: str) -> bool:
    """Whether a text has Chinese letters and no font here has them: two different ones look the same, as boxes."""
    if not _CHINESE.search(text):
        return False
    import vl_convert

    one, other = (vl_convert.svg_to_png(_GLYPH.format(fonts=FONT, glyph=glyph)) for glyph in "人山")
    return bool(one == other)
