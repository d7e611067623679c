"""Names and texts as they are compared: words in one spelling and number, their letters, and what a text is about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from kg.mining.phrases import Words, folded, words

_JOINTS = frozenset({"with", "of", "in", "on", "for", "and", "w", "to", "the", "from", "by", "a", "or", "at"})
_PARTS = re.compile(r"\s*(?:,|&|/|\band\b)\s*")
_BRACKETS = re.compile(r"\s*\([^)]*\)")
_GRAMS = (3, 4, 5)


def normal(text: str) -> Words:
    """The words of a text: lower case, without accents, in one spelling and number ("Möbel" and "mobel" are one)."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    singular = map(folded, words(unicodedata.normalize("NFC", plain)))
    return tuple(map(folded, words(" ".join(singular))))  # a spelling may be known of the singular alone


def ways(name: str) -> list[str]:
    """A name and what else it stands for: "Candle & Oil Warmers" is each of the two, "Screwed (film)" is "Screwed".

    Of parts joined by "and" that which is no plural lends the last one's last word.
    """
    bare = _BRACKETS.sub("", name).strip()
    found = [name, bare]
    parts = [part for part in _PARTS.split(bare) if part]
    if len(parts) > 1:
        *first, last = parts
        noun = last.split()[-1]
        found += [part if part.endswith("s") else f"{part} {noun}" for part in first] + [last]
    return [way for way in dict.fromkeys(found) if way]


def noun(name: str) -> str:
    """The last word of a name, what stands in brackets apart: "Titanic (1997 film)" is a Titanic; "" if none."""
    said = normal(_BRACKETS.sub("", name)) or normal(name)
    return said[-1] if said else ""


def head(text: Words) -> str:
    """The word that says what a thing is: the last one before a joint ("jug" of "blue jug with lid"); "" if none."""
    told: list[str] = []
    for word in text:
        if word in _JOINTS and told:
            break
        if word.isalpha() and (len(word) > 1 or not word.isascii()):
            told.append(word)
    return told[-1] if told else ""


def letters(text: Words) -> Iterator[str]:
    """The runs of three to five letters of every word, its ends marked; a word that is shorter is one itself."""
    for word in text:
        marked = f" {word} "
        for length in _GRAMS:
            yield from (marked[start : start + length] for start in range(len(marked) - length + 1))
