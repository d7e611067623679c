"""Do counterfactuals hold, and are they small: the item looked for again in the list without the events they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from recsys.explanation.asked import Asked, Exact
from recsys.explanation.counterfactual import counterfactual
from recsys.explanation.whatif import without_each
from recsys.ranking import Mask, rank

_LARGEST = 3


def flips(scorer: Exact, pairs: Sequence[Asked], k: int, exclude_kinds: tuple[str, ...]) -> dict[str, Any]:
    """The contract's figures: of how many pairs a set of at most three of the user's doings flips the list.

    `verified`: the share of those that do so when the list is ranked anew. `greedy` takes away the strongest doings of
    the explanation, one after the other; both `sizes` are means over the pairs that both flip. `smallest`: the share
    of sets known to be smallest.
    """
    found, verified, smallest, greedy, sizes = 0, 0, 0, 0, []
    for pair in pairs:
        allowed = _candidates(pair, exclude_kinds)
        named = list(pair.by_node)
        short = next((n for n in range(1, _LARGEST + 1) if _gone(scorer, pair, named[:n], k, allowed)), None)
        greedy += short is not None
        answer = counterfactual(scorer, pair.query, 0, pair.item, k, allowed=allowed, largest=_LARGEST)
        if answer is not None:
            found += 1
            verified += _gone(scorer, pair, answer.nodes, k, allowed)
            smallest += answer.smallest
            sizes += [] if short is None else [(len(answer.nodes), short)]
    means = np.mean(sizes, axis=0).tolist() if sizes else [None, None]
    return {
        "pairs": len(pairs),
        "flipped": found / len(pairs) if pairs else None,
        "verified": verified / found if found else None,
        "smallest": smallest / found if found else None,
        "greedy": greedy / len(pairs) if pairs else None,
        "sizes": {"counterfactual": means[0], "greedy": means[1]},
    }


def _candidates(pair: Asked, exclude_kinds: tuple[str, ...]) -> Mask:
    allowed = np.ones(len(pair.query.items), dtype=bool)
    allowed[pair.query.seen(exclude_kinds).indices] = False
    return allowed


def _gone(scorer: Exact, pair: Asked, nodes: Sequence[int], k: int, allowed: Mask) -> bool:
    """Whether the item is not in the list that is ranked without any event on these nodes."""
    scores = scorer.score(without_each(pair.query, [tuple(nodes)]))
    return pair.item not in rank(scores, k, allowed=allowed).items[0]
