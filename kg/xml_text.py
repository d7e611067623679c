"""Text within XML."""

from __future__ import annotations

import re
from html import escape

_LEGAL = "\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"  # XML 1.0 has no way to write any other
_ILLEGAL = re.compile(f"[^{_LEGAL}]")


def legal(text: object) -> str:
    """A text whose letters XML can hold; the others become �."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", str(text))


def xml_text(text: object) -> str:
    """What stands for a text in an element or attribute; letters that XML cannot hold become �."""
    return legal(escape(str(text))).replace("\r", "&#13;")
