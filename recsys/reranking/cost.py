"""What re-ranking costs in accuracy, step by step, on the same users."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.graph import KnowledgeGraph
from recsys.blocks import blocks
from recsys.explanation.telling import Teller
from recsys.metrics import Lists, metric
from recsys.protocol import Protocol, asked, seen_before
from recsys.ranking import masked
from recsys.reranking.chain import Chain, places
from recsys.reranking.slate import Setting, Slate
from recsys.significance import paired
from recsys.types import Holdout, Scorer

EXPLAINED = 200  # users at most where a step explains candidates: each takes a tenth of a second or more


def cost(
    chain: Chain, scorer: Scorer, graph: KnowledgeGraph, holdout: Holdout, protocol: Protocol, teller: Teller
) -> dict[str, Any]:
    """The contract's `reranking`: the decisive metric before and after every step, for the warm users of a holdout.

    `difference` of a step is against the list the step before left, of `chain` against the list by the scores alone;
    both with their interval and p over the same users. `changed` is the share of users whose list a step changes,
    `places` how far it moves what is shown, in the mean.
    """
    k = protocol.k[0]
    targets = asked(holdout, protocol)["warm"]
    rows = np.flatnonzero(np.diff(targets.indptr))
    if any(step.costly for step in chain.steps) and len(rows) > EXPLAINED:
        rows = rows[np.linspace(0, len(rows) - 1, EXPLAINED).astype(np.int64)]
    items = np.full((len(chain.steps) + 1, len(rows), k), -1)
    moved = np.zeros((len(chain.steps), len(rows)))
    for part in blocks(len(rows), graph.n_items):
        query = holdout.query.take(rows[part])
        scores = masked(scorer.score(query), excluded=seen_before(holdout, protocol, query))
        slates = chain.run(Setting(graph, query, scorer, scores, k, teller))
        items[:, part] = [slate.items[:, :k] for slate in slates]
        for turn in range(len(chain.steps)):
            moved[turn, part] = _moved(slates[turn], slates[turn + 1], k)
    assert holdout.popularity is not None  # `asked` has checked it
    lists = [Lists.of(own, targets[rows], holdout.popularity, holdout.n_users) for own in items]
    figures = [metric(protocol.decisive.partition("@")[0])(own, k) for own in lists]
    compared = partial(paired, resamples=protocol.resamples, level=protocol.level, seed=protocol.seed)
    steps = [
        {
            "name": name,
            protocol.decisive: float(after.mean()),
            **compared(after, before).to_json(),
            "changed": float((items[turn] != items[turn + 1]).any(axis=1).mean()),
            "places": float(moved[turn].mean()),
        }
        for turn, (name, before, after) in enumerate(zip(chain.names, figures, figures[1:], strict=False))
    ]
    whole = {protocol.decisive: float(figures[-1].mean()), **compared(figures[-1], figures[0]).to_json()}
    return {"users": len(rows), "k": k, "before": float(figures[0].mean()), "steps": steps, "chain": whole}


def _moved(before: Slate, after: Slate, k: int) -> NDArray[np.float64]:
    """How many places a step moved what is shown after it, up or down: the mean of every user, float64 (B,)."""
    shown = after.items[:, :k]
    from_below = np.full(shown.shape, before.items.shape[1] + 1)
    old, new = places([before, after], shown, from_below)
    return (np.abs(old - new) * (shown >= 0)).sum(axis=1) / np.maximum((shown >= 0).sum(axis=1), 1)
