"""Attributes read out of texts by a vocabulary: (item, colour, red), with how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.mining.phrases import Match, Phrases, Words, words
from kg.mining.senses import Context, Senses
from kg.mining.vocabulary import Vocabulary

_BESIDE = 3  # words on either side that tell a meaning
_OTHER_NUMBER = 0.9  # a heart for hearts
_THINGS = 0.5  # glasses for glass: things made of it, or something else
_NOT = frozenset({"no", "non", "not", "without"})
"""What follows one of these words is not said of the item."""


@dataclass(frozen=True)
class Text:
    """What a column says of an item, and the categories that it belongs to."""

    item: str
    column: str
    text: str
    categories: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mined:
    """An attribute of an item; `confidence` is the chance of this meaning among those that the words may have."""

    item: str
    attribute: str
    value: str
    confidence: float
    column: str


@dataclass(frozen=True)
class _Found:
    """A match, what stands around it, and the (attribute, value) pairs that it may mean."""

    text: Text
    match: Match
    context: Context
    meanings: tuple[tuple[str, str], ...]


def mined(texts: Iterable[Text], vocabulary: Vocabulary, only_in: Mapping[str, Sequence[str]]) -> Iterator[Mined]:
    """What texts say of their items, each attribute's value once, at its surest.

    A phrase with one meaning has it. Of a phrase with several, each attribute has the chance that its context gives it
    (`Senses`), and the likeliest is said. An attribute in `only_in` is one of items alone that are in a category whose
    name holds one of these texts, in either case.
    """
    meanings = vocabulary.meanings()
    phrases = Phrases(meanings)
    domains = {attribute: tuple(part.lower() for part in parts) for attribute, parts in only_in.items()}
    found = [each for text in texts for each in _found(text, phrases, meanings, domains)]
    senses = Senses.of((each.meanings[0][0], each.context) for each in found if len(each.meanings) == 1)
    surest: dict[tuple[str, str, str], Mined] = {}
    for each in found:
        chances = senses.chances([attribute for attribute, _ in each.meanings], each.context)
        attribute, value = max(each.meanings, key=lambda meaning: chances[meaning[0]])
        told = Mined(each.text.item, attribute, value, chances[attribute] * _as_said(each.match), each.text.column)
        key = (told.item, attribute, value)
        if key not in surest or surest[key].confidence < told.confidence:
            surest[key] = told
    yield from surest.values()


def _found(
    text: Text,
    phrases: Phrases,
    meanings: Mapping[Words, Sequence[tuple[str, str]]],
    domains: Mapping[str, Sequence[str]],
) -> Iterator[_Found]:
    said = words(text.text)
    places = [category.lower() for category in text.categories]
    foreign = {name for name, parts in domains.items() if not any(part in place for part in parts for place in places)}
    for match in phrases.matches(said):
        own = tuple(meaning for meaning in meanings[match.words] if meaning[0] not in foreign)
        if own and (match.start == 0 or said[match.start - 1] not in _NOT):
            beside = said[max(match.start - _BESIDE, 0) : match.start] + said[match.end : match.end + _BESIDE]
            yield _Found(text, match, frozenset([*beside, *(f"category {place}" for place in places)]), own)


def _as_said(match: Match) -> float:
    """How sure a phrase is that stands in the text in another number than in the list."""
    if match.exact:
        return 1.0
    plural = len("".join(match.said)) > len("".join(match.words))
    return _THINGS if plural else _OTHER_NUMBER
