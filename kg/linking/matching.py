"""Texts to targets by what they say, each with the chance that it is right.

What speaks for a candidate (`kg.linking.candidates`, `kg.linking.agreement`) is weighed by a conditional logit. It is
learned from texts made of the targets' own names (`kg.linking.pseudo`), and from those that people or the catalogue
have judged, which count more. Where the shop's items lie is learned in rounds: what one finds tells the next what the
shop is about. The chances are then calibrated on made texts that the logit has not seen, and on the judged ones, of
which none has a say in its own case.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kg.linking.agreement import Agreement
from kg.linking.calibration import Calibration
from kg.linking.candidates import LETTERS, OWN, WORDS, Candidates, Search, Text
from kg.linking.embedding import Embedding
from kg.linking.examples import Examples, joined
from kg.linking.judged import Judged
from kg.linking.pseudo import NOWHERE, pseudo
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats

_ROUNDS = 3
_MADE, _MADE_EACH = 1500, 30  # texts in each round: so many, of few targets so many for each
_HELD_OUT = 3  # every third is for calibration
_COUNTS = 10.0  # made texts that a judged one counts as
_SHARPENED = 1.5  # power of the chances: what is likely anyhow is likelier in the shop
_ANYTHING = 0.02  # of an item for each target, that none is impossible
_OTHERS = 5
_TRUST, _OWN_FIRST = 10.0, 0.1  # of the first guess


@dataclass(frozen=True)
class Match:
    """The likeliest target of a text (`NOWHERE` where there is no candidate), its chance, and those that come next."""

    target: int
    confidence: float
    others: tuple[int, ...] = ()


def match(
    texts: Sequence[Text],
    targets: Targets,
    judged: Mapping[int, int] | None = None,
    seed: int = 0,
    *,
    meaning: bool = False,
) -> list[Match]:
    """A match of every text.

    judged   text → target, or `NOWHERE`; they teach, and get an answer like any other
    meaning  whether words are also compared by the company that they keep
    """
    if not texts:
        return []
    rng = np.random.default_rng(seed)
    own, answers = np.full(len(texts), -1), np.full(len(texts), NOWHERE)
    for number, (text, target) in enumerate(sorted((judged or {}).items())):
        own[text], answers[text] = number, target
    known = np.flatnonzero(own >= 0)
    neighbours = Judged.of(texts, [texts[text] for text in known.tolist()], answers[known], len(targets.ids))
    votes = neighbours.votes(texts, own)
    company = [(*text.words, *text.context) for text in texts]
    search = Search(targets, texts, Embedding.of(company, targets) if meaning else None)
    candidates = search(texts, also=votes.targets())
    chances = _first_guess(candidates)
    n_made = min(_MADE, _MADE_EACH * len(targets.ids))
    kinds = bool((targets.parents >= 0).any())  # of a taxonomy many items are of one kind; entities are one thing each
    for _ in range(_ROUNDS if kinds else 1):
        agreement = Agreement.of(texts, candidates, chances if kinds else np.zeros(len(chances)), targets)
        whole = agreement.added(candidates, texts, votes)
        about = np.ones(len(targets.ids))
        if kinds:
            about = _ANYTHING + np.bincount(candidates.targets, chances**_SHARPENED, len(about)).astype(np.float64)
        made = pseudo(n_made, targets, texts, about, rng)
        found = agreement.added(search(made.texts, made.without), made.texts, neighbours.votes(made.texts))
        learn = Examples.of(found, np.array(made.targets), 1.0)
        held_out = np.arange(n_made) % _HELD_OUT == 0
        people = Examples.of(whole, answers, _COUNTS).some(own >= 0)
        choice = joined([learn.some(~held_out), people]).fitted()
        chances = choice.chances(whole.features, whole.starts)
    calibration = joined([learn.some(held_out), people]).calibrated(choice)
    return _matches(candidates, chances, calibration)


def _first_guess(candidates: Candidates) -> Floats:
    """Chances (n,) by the cosines of words and letters alone; a name of a target's own is a little likelier."""
    told = candidates.features
    odds = np.exp(_TRUST * (told[:, WORDS] + told[:, LETTERS] + _OWN_FIRST * told[:, OWN]))
    return odds / np.bincount(candidates.of, odds, len(candidates.starts) - 1)[candidates.of]


def _matches(candidates: Candidates, chances: Floats, calibration: Calibration) -> list[Match]:
    order = np.lexsort((candidates.targets, -chances, candidates.of))
    ranked = candidates.targets[order]
    sure = calibration(chances[order])
    return [
        Match(int(ranked[start]), float(sure[start]), tuple(ranked[start + 1 : min(end, start + 1 + _OTHERS)].tolist()))
        if end > start
        else Match(NOWHERE, 0.0)
        for start, end in zip(candidates.starts[:-1], candidates.starts[1:], strict=True)
    ]
