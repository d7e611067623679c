"""Text within XML."""

from __future__ import annotations

import re
from html import escape

_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML 1.0 has no way to write them


def xml_text(text: object) -> str:
    """What stands for a text in an element or attribute; letters that XML cannot hold become �."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", escape(str(text))).replace("\r", "&#13;")
