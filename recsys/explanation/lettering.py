"""Texts of a picture broken into lines, by rule of thumb: measuring glyphs takes seconds a picture."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

_WIDE, _UPPER, _NARROW, _OTHER = 1.0, 0.7, 0.36, 0.62  # widths, as shares of the size of the text
_NARROW_LETTERS = frozenset(" ,.:;'’!|()[]-–fijlrt1I")


def broken(text: str, width: float, size: float, n_lines: int = 1) -> tuple[str, ...]:
    """At most `n_lines` lines of about `width` pixels in letters of `size`; "…" ends what is too long.

    A line ends at a space, after a Chinese letter, or within a word that is wider than half a line.
    """
    found = tuple(_lines(" ".join(text.split()), width, size))
    if len(found) <= n_lines:
        return found
    last = found[n_lines - 1]
    while last and _width(last + "…", size) > width:
        last = last[:-1]
    return (*found[: n_lines - 1], last.rstrip() + "…")


def _lines(text: str, width: float, size: float) -> Iterator[str]:
    while text:
        fits = _fitting(text, width, size)
        space = text.rfind(" ", 0, fits + 1)
        if fits < len(text) and space >= fits / 2 and not _is_wide(text[fits - 1]):
            fits = space
        yield text[:fits].rstrip()
        text = text[fits:].lstrip()


def _fitting(text: str, width: float, size: float) -> int:
    """How many letters fit, at least one."""
    reached = 0.0
    for place, letter in enumerate(text):
        reached += _width(letter, size)
        if reached > width:
            return max(place, 1)
    return len(text)


def _width(text: str, size: float) -> float:
    return size * sum(map(_share, text))


def _share(letter: str) -> float:
    if letter in _NARROW_LETTERS:
        return _NARROW
    return _WIDE if _is_wide(letter) else _UPPER if letter.isupper() else _OTHER


def _is_wide(letter: str) -> bool:
    return east_asian_width(letter) in "WF"
