"""Does a score fall where its explanation says it stands: events taken away, nothing learned anew.

Samek et al., "Evaluating the visualization of what a deep neural network has learned", TNNLS 2017: what is named
strongest is taken away first, and the score must fall faster than in a random order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from recsys.explanation.asked import Asked
from recsys.explanation.whatif import without_events
from recsys.fusion import Fusion
from recsys.types import Scorer

Mask = NDArray[np.bool_]
LONGEST = 5  # doings that are taken away one after the other
_ORDERS, _DRAWS = 3, 5  # random ones per pair
_NEAREST = 5  # times as many events as are taken away: those nearest in degree, that the random ones are drawn from
MOST = 100.0  # times: of a random fall of nothing the ratio would be infinite


@dataclass(frozen=True, eq=False)
class Fall:
    """How far one score falls.

    top, matched       when the events of the strongest node go; when as many others do, (draws,)
    strongest, random  the share of what all events give that is left after 0, 1, … `LONGEST` nodes went, (LONGEST + 1,)
    """

    top: float
    matched: NDArray[np.float64]
    strongest: NDArray[np.float64]
    random: NDArray[np.float64]

    @property
    def ratio(self) -> float:
        return self.top / max(float(self.matched.mean()), self.top / MOST) if self.top > 0 else 0.0


def deletion(scorer: Scorer, pairs: Sequence[Asked], degrees: NDArray[np.int64], seed: int) -> dict[str, Any]:
    """The contract's figures, over the pairs that some event speaks for and others can be compared with.

    `lower`: the share of random draws that lower the score less than the strongest node does; `ratio`: the median of
    its fall over theirs, at most `MOST`. The curves are means, their areas means over 1 … `LONGEST`. A fusion keeps the
    weights of those with a history when nothing is left of it: other weights would be another score.
    """
    scorer = scorer.settled() if isinstance(scorer, Fusion) else scorer
    rng = np.random.default_rng(seed)
    falls = [fall for pair in pairs if (fall := fallen(scorer, pair, degrees, rng)) is not None]
    if not falls:
        return {"pairs": 0}
    curves = {
        "strongest": np.mean([fall.strongest for fall in falls], axis=0),
        "random": np.mean([fall.random for fall in falls], axis=0),
    }
    return {
        "pairs": len(falls),
        "lower": float(np.mean([fall.top > fall.matched for fall in falls])),
        "ratio": float(np.median([fall.ratio for fall in falls])),
        "curves": {name: curve.tolist() for name, curve in curves.items()},
        "areas": {name: float(curve[1:].mean()) for name, curve in curves.items()},
    }


def fallen(scorer: Scorer, pair: Asked, degrees: NDArray[np.int64], rng: np.random.Generator) -> Fall | None:
    """One pair's falls; None where no event speaks for the item, or there is nothing to compare with."""
    named = [node for node, value in pair.by_node.items() if value > 0]
    if not named:
        return None
    others = list(matched(pair.query.nodes, named[0], degrees, rng))
    if not others:
        return None
    orders = [named, *(rng.permutation(np.unique(pair.query.nodes)).tolist() for _ in range(_ORDERS))]
    in_order = [np.isin(pair.query.nodes, order[:n]) for order in orders for n in range(LONGEST + 1)]
    gone = [np.ones(len(pair.query.nodes), dtype=bool), *others, *in_order]
    nothing, *scores = scorer.score(without_events(pair.query, gone))[:, pair.item].astype(np.float64).tolist()
    given = pair.score - nothing
    if given <= 0:
        return None
    left = (np.array(scores[len(others) :]).reshape(len(orders), LONGEST + 1) - nothing) / given
    return Fall((1 - left[0, 1]) * given, pair.score - np.array(scores[: len(others)]), left[0], left[1:].mean(axis=0))


def matched(
    nodes: NDArray[np.int64], strongest: int, degrees: NDArray[np.int64], rng: np.random.Generator
) -> Iterator[Mask]:
    """As many events as are on the strongest node, on others of about its degree; none where she has not as many."""
    n = int(np.count_nonzero(nodes == strongest))
    others = np.flatnonzero(nodes != strongest)
    if len(others) < n:
        return
    apart = np.abs(np.log1p(degrees[nodes[others]]) - np.log1p(degrees[strongest]))
    near = others[np.argsort(apart, kind="stable")[: _NEAREST * n]]
    for _ in range(_DRAWS):
        gone = np.zeros(len(nodes), dtype=bool)
        gone[rng.choice(near, n, replace=False)] = True
        yield gone


def degrees_of(graph: KnowledgeGraph) -> NDArray[np.int64]:
    """How many edges lead to each node, int64 (n_nodes,)."""
    degrees = np.zeros(graph.n_nodes, dtype=np.int64)
    for (_, _, target), edges in graph.relations.items():
        nodes = graph.nodes[target]
        degrees[nodes.start : nodes.range.stop] += np.bincount(edges.indices, minlength=len(nodes))
    return degrees
