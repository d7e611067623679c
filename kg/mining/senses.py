"""Which of several meanings a word has here: whether orange is a colour or a flavour.

Yarowsky, "Unsupervised word sense disambiguation rivaling supervised methods", ACL 1995: what surrounds the words with
one meaning only teaches what surrounds each meaning. Naive Bayes over the item's category and the words beside, each
smoothed towards how frequent it is anyhow (Dirichlet; Zhai and Lafferty, SIGIR 2001).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log

Context = frozenset[str]

_PRIOR = 5.0  # occurrences that smoothing weighs


@dataclass(frozen=True)
class Senses:
    """How often each feature of a context goes with each meaning, among occurrences whose meaning is plain."""

    counts: dict[str, Counter[str]]
    occurrences: Counter[str]

    @classmethod
    def of(cls, plain: Iterable[tuple[str, Context]]) -> Senses:
        """From (meaning, context) pairs."""
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        occurrences: Counter[str] = Counter()
        for meaning, context in plain:
            occurrences[meaning] += 1
            counts[meaning].update(context)
        return cls(dict(counts), occurrences)

    def chances(self, meanings: Sequence[str], context: Context) -> dict[str, float]:
        """The probability of each of these meanings in a context; they sum to 1.

        What was never seen beside any plain word tells nothing; without plain words all meanings are as likely.
        """
        total = sum(self.occurrences.values())
        said = {meaning: log(self.occurrences[meaning] + 1) for meaning in meanings}
        for feature in context:
            every = sum(counts[feature] for counts in self.counts.values())
            if every:
                for meaning in meanings:
                    own = self.counts[meaning][feature] if meaning in self.counts else 0
                    said[meaning] += log((own + _PRIOR * every / total) / (self.occurrences[meaning] + _PRIOR))
        top = max(said.values())
        odds = {meaning: exp(value - top) for meaning, value in said.items()}
        return {meaning: value / sum(odds.values()) for meaning, value in odds.items()}
