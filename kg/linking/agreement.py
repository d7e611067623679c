"""What the shop's other items say of a candidate: where they lie, what is alike by name, what people have judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from kg.linking.candidates import Candidates, Text, values_at
from kg.linking.judged import Votes
from kg.linking.names import head
from kg.linking.targets import Targets
from kg.linking.tfidf import Floats

FEATURES = ("where items lie", "alike by head", "judged alike", "nearest judged")
"""log of the share of the shop's items that lie there; log of the mean chance among the items with this head; the share
of the nearest judged texts that are of the target, and how near the nearest of these is."""
_LEAST = 0.02  # the share of a target that none with this head is, so far


@dataclass(frozen=True, eq=False)
class Agreement:
    """How likely targets are by where they lie (targets,), and by head (heads, targets)."""

    by_place: Floats
    heads: dict[str, int]
    by_head: sparse.csr_matrix

    @classmethod
    def of(cls, texts: Sequence[Text], candidates: Candidates, chances: Floats, targets: Targets) -> Agreement:
        """From the shop's texts, and the chances that their candidates have so far."""
        heads = [head(text.words) for text in texts]
        place = {name: number for number, name in enumerate(sorted({*heads}))}
        numbers = np.array([place[name] for name in heads])
        count = np.bincount(numbers, minlength=len(place)) + 1  # one more, that is unlike them all
        at = (numbers[candidates.of], candidates.targets)
        summed = sparse.csr_matrix((chances, at), shape=(len(place), len(targets.ids)))
        mean = sparse.csr_matrix(sparse.diags_array(1 / count) @ summed)
        items = np.bincount(candidates.targets, chances, len(targets.ids)).astype(np.float64)
        return cls(_by_place(items, targets), place, mean)

    def added(self, candidates: Candidates, texts: Sequence[Text], votes: Votes) -> Candidates:
        """The candidates of texts with what others say of them."""
        of, targets = candidates.of, candidates.targets
        row = np.array([self.heads.get(head(text.words), -1) for text in texts], dtype=np.int64)[of]
        share = np.where(row >= 0, values_at(self.by_head, row, targets), 0)
        told = [
            self.by_place[targets],
            np.log(share + _LEAST),
            values_at(votes.share, of, targets),
            values_at(votes.nearest, of, targets),
        ]
        return replace(candidates, features=np.column_stack([candidates.features, *told]))


def _by_place(items: Floats, targets: Targets) -> Floats:
    """Log P(node) from the top down (targets,): what share of its parent's items each has, smoothed by one for each."""
    whole = items.copy()
    for place in sorted(range(len(items)), key=lambda place: -len(targets.above[place])):
        if targets.parents[place] >= 0:
            whole[targets.parents[place]] += whole[place]
    tops = targets.parents < 0
    of = np.where(tops, whole[tops].sum(), whole[targets.parents])
    beside = np.bincount(targets.parents + 1, minlength=len(items) + 1)[targets.parents + 1]
    step = np.log((whole + 1) / (of + beside))
    return np.array([step[list(trail)].sum() for trail in targets.above])
