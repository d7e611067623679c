"""Brands read out of titles: those that are known, or what titles begin with again and again.

A known brand counts for as much as it is right where the catalogue says the brand: "Orange" in a title is seldom the
telephone company. Without known brands, a beginning of several titles is one, in so far as those words stand at
beginnings only, with capitals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from kg.mining.phrases import Phrases, Words, words

_WORD = re.compile(r"[^\W_]+(?:[-'’&.][^\W_]+)*")
_FEWEST = 3  # titles that begin so
_LONGEST = 3  # words
_MOSTLY = 0.5  # of the occurrences of a further word
_LOUD = 0.9  # a title of which so many letters are capitals tells no names by them
_BELIEF = 2.0  # titles' worth of belief that a known brand is meant, before it is seen

Sure = Iterator[tuple[str, str, float]]
"""(item, brand, confidence)."""


def known_brands(titles: Mapping[str, str], of: Mapping[str, str], also: Collection[str]) -> Sure:
    """The brand that the title of an item names which has none, of those in the catalogue (item → brand) and `also`.

    Of several names the surest. The confidence is how often the name is right in titles of items
    whose brand is known: (right + 2) / (found + 2).
    """
    names = {phrase: name for name in sorted({*of.values(), *also}, reverse=True) if (phrase := words(name))}
    phrases = Phrases(names)
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    unknown: dict[str, list[str]] = {}
    for item, title in titles.items():
        said = [names[match.words] for match in phrases.matches(words(title)) if match.exact]
        if not said:
            continue
        if item in of:
            found.update({*said})
            right.update({*said} & {of[item]})
        else:
            unknown[item] = said
    for item, said in unknown.items():
        confidence, name = max(((right[name] + _BELIEF) / (found[name] + _BELIEF), name) for name in said)
        yield item, name, confidence


def leading_brands(titles: Mapping[str, str], common: Collection[Words]) -> Sure:
    """What at least three titles begin with: one to three words with capitals that are no phrases of `common`.

    Further words belong to the name while most of their occurrences in all titles are behind it: "Wild" of "Buffalo
    Wild", not "Gift" of "Buffalo Gift". The confidence is the share of all occurrences of the name, in whatever case,
    that stand at a beginning with capitals. Titles in capitals alone name nothing.
    """
    spelled = {item: tuple(_WORD.findall(title)) for item, title in titles.items() if not _loud(title)}
    beginnings = {item: _beginnings(said, common) for item, said in spelled.items()}
    begun = Counter(start for starts in beginnings.values() for start in starts)
    n_words = Counter(word.lower() for said in spelled.values() for word in said)
    names: dict[str, Words] = {}
    for item, starts in beginnings.items():
        for start in starts:
            own = len(start) == 1 or begun[start] > _MOSTLY * n_words[start[-1].lower()]
            if not own or begun[start] < _FEWEST:
                break
            names[item] = start
    said_of = {tuple(map(str.lower, name)): name for name in names.values()}
    everywhere = Counter(
        lower
        for said in spelled.values()
        for place in range(len(said))
        for n in range(1, _LONGEST + 1)
        if (lower := tuple(map(str.lower, said[place : place + n]))) in said_of and place + n <= len(said)
    )
    for item, name in names.items():
        yield item, " ".join(name), begun[name] / everywhere[tuple(map(str.lower, name))]


def _beginnings(said: Words, common: Collection[Words]) -> list[Words]:
    """The first words of a title, one to three, while they are written with capitals; never the whole title."""
    found: list[Words] = []
    for n in range(1, min(_LONGEST, len(said) - 1) + 1):
        if not said[n - 1][0].isupper() or words(said[n - 1]) in common:
            break
        found.append(said[:n])
    return found


def _loud(title: str) -> bool:
    letters = [letter for letter in title if letter.isalpha()]
    return sum(map(str.isupper, letters)) > _LOUD * len(letters)
