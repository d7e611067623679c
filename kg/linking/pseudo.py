"""Texts made of a target's name, so that it is known: what matching is learned from where nobody has judged.

A name, perhaps one word short, stands behind or before some words of another text of the shop. Sometimes the target
is not to be had, or not under this name: then what is nearest is wrong, and how wrong matches look is learned too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kg.linking.candidates import Text
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats
from kg.mining.phrases import Words

NOWHERE = -1
_SHORTENED = 0.3  # of the names with several words
_BEHIND = 0.85  # of the names: "blue jug" rather than "jug blue"
_ABSENT = 0.25  # of the targets
_ANOTHER_NAME = 0.35  # of the targets, where there is one
_MOST = 4  # words of another text


@dataclass(frozen=True, eq=False)
class Pseudo:
    """Texts, the target of each, and the names that it may not be known by."""

    texts: tuple[Text, ...]
    targets: tuple[int, ...]
    without: tuple[frozenset[int], ...]


def pseudo(n: int, targets: Targets, texts: Sequence[Text], how_likely: Floats, rng: np.random.Generator) -> Pseudo:
    """`n` of them; `how_likely` (targets,): in proportion to what, so that they are about what the shop has."""
    names: dict[int, list[int]] = defaultdict(list)
    for number, target in enumerate(targets.of.tolist()):
        names[target].append(number)
    drawn = rng.choice(len(targets.ids), n, p=how_likely / how_likely.sum()).tolist()
    made = [_one(target, names[target], targets, texts, rng) for target in drawn]
    return Pseudo(tuple(text for text, _ in made), tuple(drawn), tuple(without for _, without in made))


def _one(
    target: int, names: list[int], targets: Targets, texts: Sequence[Text], rng: np.random.Generator
) -> tuple[Text, frozenset[int]]:
    number = names[rng.integers(len(names))]
    name, noun = targets.names[number], targets.nouns[number]
    said = list(name)
    spare = [place for place, word in enumerate(said) if word != noun]
    if spare and rng.random() < _SHORTENED:
        said.pop(spare[rng.integers(len(spare))])
    other = texts[int(rng.integers(len(texts)))]
    beside = _some([word for word in other.words if word not in name], rng)
    whole = (*beside, *said) if rng.random() < _BEHIND else (*said, *beside)
    chance = rng.random()
    hidden = frozenset[int]()
    if chance < _ABSENT:
        hidden = frozenset(names)
    elif chance < _ABSENT + _ANOTHER_NAME:
        like = frozenset(one for one in names if set(said) <= set(targets.names[one]))
        hidden = like if len(like) < len(names) else hidden
    context = targets.above_words[target] if other.context else ()
    return Text(whole, context), hidden


def _some(words: Sequence[str], rng: np.random.Generator) -> Words:
    """A few words in a row."""
    size = min(len(words), 1 + int(rng.integers(_MOST)))
    start = int(rng.integers(len(words) - size + 1))
    return tuple(words[start : start + size])
