"""How good explanations are, measured: do they add up, are they true, whom do they reach, do scores hang on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kg.graph import ITEM, KnowledgeGraph
from recsys.explanation.asked import Asked, Draw, Exact, milliseconds
from recsys.explanation.deletion import degrees_of, deletion
from recsys.explanation.flips import flips
from recsys.explanation.steps import broken, n_steps
from recsys.fusion import Fusion
from recsys.protocol import Repeats
from recsys.ranking import CATEGORY
from recsys.recipe import Say, silent
from recsys.summands import MANY, Summands
from recsys.types import COMPLETE, Explains, Holdout, Scorer

K = 10
PAIRS = 200
_SHOWN = 10  # the strongest paths, which are what people are shown
_LISTS = 30  # whole lists that are timed
_FLIPS = 40  # pairs that counterfactuals are searched for: a search looks at millions of sets
_BROAD = 0.05  # an attribute that more of the items have says as little as a genre


def quality(
    scorers: Mapping[str, Scorer],
    graph: KnowledgeGraph,
    holdout: Holdout,
    repeats: Repeats,
    *,
    n_pairs: int = PAIRS,
    seed: int = 0,
    say: Say = silent,
) -> dict[str, Any]:
    """The contract's `explanations`: every scorer on items drawn out of its own top 10, in one thread.

    The same users and places are drawn for all. Counterfactuals are searched for with the fusion alone.
    """
    unseen = holdout.barred(repeats)
    draw = Draw.of(holdout, n_pairs, K, seed, unseen)
    assert holdout.popularity is not None
    warm, degrees = holdout.popularity > 0, degrees_of(graph)
    broad = _broad(graph, degrees)
    rows: list[dict[str, Any]] = []
    with threadpool_limits(1):
        for place, (name, scorer) in enumerate(scorers.items()):
            say(f"explaining {name}", place / len(scorers))
            if not _exact(scorer):
                rows.append({"name": name, "exact": False, "pairs": 0})
                continue
            pairs = draw.ask(scorer, warm)
            row: dict[str, Any] = {"name": name, "exact": True, "additive": scorer.additive, "pairs": len(pairs)}
            if pairs:
                row |= measured(pairs, graph, broad)
                row |= {"deletion": deletion(scorer, pairs, degrees, seed), "latency_ms": _latency(scorer, pairs, draw)}
            if pairs and name == Fusion.name:
                row["counterfactual"] = flips(scorer, pairs[:_FLIPS], K, unseen)
            rows.append(row)
    return {"pairs": len(draw.rows), "k": K, "repeats": repeats, "by_scorer": rows}


def measured(pairs: Sequence[Asked], graph: KnowledgeGraph, broad: NDArray[np.bool_]) -> dict[str, Any]:
    """What can be said of explanations without asking the scorer again.

    completeness  share of pairs with |score − Σ c| ≤ 1e-5 · Σ|c|; residual_max is the largest gap / Σ|c|
    validity      share of the steps of the ten strongest paths that are edges of the graph, of `steps` looked for
    covered       share of pairs with a path from what the user did or is that not only passes what is `broad`, bool
                  (n_nodes,)
    path_share    mean share of paths in Σ|c|
    """
    shown = [pair.strongest(_SHOWN) for pair in pairs]
    steps = sum(map(n_steps, shown))
    wrong = sum(len(broken(graph, told)) for told in shown)
    residuals = np.array([pair.residual for pair in pairs])
    return {
        "completeness": float(np.mean(residuals <= COMPLETE)),
        "residual_max": float(residuals.max()),
        "validity": 1 - wrong / steps if steps else None,
        "steps": steps,
        "covered": float(
            np.mean([any(_tells(block, graph, broad) for block in pair.told.columns.blocks) for pair in pairs])
        ),
        "path_share": float(np.mean([pair.told.path_share for pair in pairs])),
    }


def _exact(scorer: Scorer) -> TypeGuard[Exact]:
    parts = scorer.used.values() if isinstance(scorer, Fusion) else [scorer]
    return all(isinstance(part, Explains) for part in parts)


def _broad(graph: KnowledgeGraph, degrees: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Nodes that say as little as a genre: categories, and attributes of many items; bool (n_nodes,)."""
    broad = degrees > _BROAD * graph.n_items
    broad[graph.nodes[ITEM].start : graph.nodes[ITEM].range.stop] = False
    if CATEGORY in graph.nodes:
        broad[graph.nodes[CATEGORY].start : graph.nodes[CATEGORY].range.stop] = True
    return broad


def _tells(block: Summands, graph: KnowledgeGraph, broad: NDArray[np.bool_]) -> bool:
    """Whether one of some contributions is a path for the item that says more than that both are of one kind."""
    if block.kind != "path" or not block.nodes.shape[1]:
        return False
    items, passed = graph.nodes[ITEM].range, block.nodes[:, :-1]
    telling = (passed == MANY) | ~broad[passed]
    if passed.shape[1] > 1:  # where it begins says something of its own only where that is no item
        telling[:, 0] &= (passed[:, 0] < items.start) | (passed[:, 0] >= items.stop)
    tells = telling.any(axis=1) if passed.shape[1] else np.ones(len(block.nodes), dtype=bool)
    return bool((tells[block.ways] & (block.values > 0)).any())


def _latency(scorer: Exact, pairs: Sequence[Asked], draw: Draw) -> dict[str, Any]:
    """Of one pair, and of a user's whole list: ranked, then every item of it explained."""
    return {"pair": milliseconds([pair.seconds for pair in pairs]), "list": milliseconds(draw.listed(scorer, _LISTS))}
