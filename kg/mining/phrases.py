"""Finding the phrases of a list in texts, the longest first, whatever their case, hyphens, number and spelling."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

Words = tuple[str, ...]

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_SHORTEST = 4  # letters of a word whose plural is known by its ending
_NO_PLURAL = ("ss", "us", "is")
_ES = ("ches", "shes", "sses", "xes", "zes")


@dataclass(frozen=True)
class Match:
    """The words `said` from `start` up to `end` of a text are the phrase `words` of the list, or its other number."""

    words: Words
    said: Words
    start: int
    end: int

    @property
    def exact(self) -> bool:
        return self.said == self.words


class Phrases:
    """A list of phrases, each a tuple of words as `words` gives them."""

    def __init__(self, phrases: Iterable[Words]) -> None:
        self._by_key: dict[Words, list[Words]] = {}
        self._longest: dict[str, int] = {}
        for phrase in dict.fromkeys(phrases):
            key = tuple(map(folded, phrase))
            self._by_key.setdefault(key, []).append(phrase)
            self._longest[key[0]] = max(len(key), self._longest.get(key[0], 0))

    def matches(self, text: Words) -> Iterator[Match]:
        """The phrases in a text from left to right, at each place the longest; none overlaps another.

        Where the list has a phrase in singular and plural, that which is as the text has it.
        """
        keys = tuple(map(folded, text))
        start = 0
        while start < len(text):
            end = min(start + self._longest.get(keys[start], 0), len(text))
            while end > start and keys[start:end] not in self._by_key:
                end -= 1
            if end > start:
                said, listed = text[start:end], self._by_key[keys[start:end]]
                yield Match(said if said in listed else listed[0], said, start, end)
            start = max(end, start + 1)


def words(text: str) -> Words:
    """The words of a text, lower case, in one spelling; a hyphen parts words, & is "and"."""
    said = _WORD.findall(text.lower().replace("&", " and ").replace("’", "'"))
    spellings = _spellings()
    return tuple(spellings.get(word, word) for word in (word.removesuffix("'s") for word in said))


def folded(word: str) -> str:
    """What a word and its plural have in common: leaf and leaves, glove and gloves, berry and berries."""
    if len(word) < _SHORTEST:
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith(_ES):
        return word[:-2]
    one = word[:-1] if word.endswith("s") and not word.endswith(_NO_PLURAL) else word
    return f"{one[:-2]}f" if one.endswith(("ve", "fe")) else one


@cache
def _spellings() -> dict[str, str]:
    """A word as it may be written → as it is compared."""
    groups: dict[str, list[str]] = tomllib.loads((files("kg.mining") / "spellings.toml").read_text(encoding="utf-8"))
    return {other: word for word, others in groups.items() for other in others}
