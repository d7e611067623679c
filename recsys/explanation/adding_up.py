"""The sum of a score as a list of a page: each reason over its bar; words wrap, so a phone has room for them."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from recsys.explanation.drawing import Bar, waterfall
from recsys.explanation.phrases import Phrases, sentence
from recsys.explanation.picture import colour
from recsys.explanation.told import Told
from recsys.explanation.words import words


def adding_up(told: Told, *, language: str, n: int) -> str:
    """A merchandiser's lines as HTML: the shares, the `n` strongest reasons and the rest with their bars, the score."""
    head, *lines = words(told, language=language, audience="merchandiser", n=n)
    *bars, total = waterfall(told, Phrases.of(language), n)
    said, after = lines[: len(bars)], lines[len(bars) :]
    steps = [*zip(said, bars, strict=True), (f"{sentence(total.label)} {total.value:.4g}", total)] if bars else []
    ends = [end for bar in (*bars, total) for end in (bar.start, bar.end)]
    rows = "".join(f"<li>{escape(text)}{_drawn(bar, ends)}</li>" for text, bar in steps)
    paragraphs = "".join(f"<p>{escape(text)}</p>" for text in after)
    return f'<p>{escape(head)}</p><ul class="sum">{rows}</ul>{paragraphs}'


def _drawn(bar: Bar, ends: Sequence[float]) -> str:
    """A bar at its place between the lowest and the highest point that the sum reaches."""
    low, width = min(ends), max(ends) - min(ends) or 1.0
    left, right = sorted((bar.start, bar.end))
    place = f"margin-left: {(left - low) / width:.2%}; width: {(right - left) / width:.2%}"
    return f'<div><i style="{place}; background: {colour(bar.kind, bar.value)}"></i></div>'
