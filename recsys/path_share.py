"""How much of what a fusion shows is told in paths of the graph, and weights that keep that above a floor.

The share of a score is Σ|c of paths| / Σ|c| over its contributions c; of a fusion it is the mean over places of its
lists. With sizes A_fs = Σ|c| of part f at place s, over the part's scale, and P_fs those of its paths, it is the mean
over s of w·P_s / w·A_s: no list need be explained again to know it for other weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.query import Query
from recsys.fusion import Fusion
from recsys.ranking import recommend
from recsys.types import Explains, Explanation, explainer

USERS, K = 40, 10  # whose lists are explained to know the share, and how long they are
_HALVINGS = 30
_SURE = 1e-9  # of the floor: what rounding may take
Weights = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shares:
    """What F parts of a fusion say at S places: `sizes` Σ|c| and `paths` that of paths alone, float64 (F, S)."""

    sizes: NDArray[np.float64]
    paths: NDArray[np.float64]

    @property
    def own(self) -> NDArray[np.float64]:
        """The path share of every part by itself, float64 (F,)."""
        return self.paths.sum(axis=1) / np.maximum(self.sizes.sum(axis=1), 1e-300)

    def of(self, weights: Weights) -> float:
        """The path share of a fusion with these weights, in 0 … 1."""
        sizes = weights @ self.sizes
        said = sizes > 0
        return float(((weights @ self.paths)[said] / sizes[said]).mean()) if said.any() else 0.0

    def holds(self, weights: Weights, floor: float) -> bool:
        """Whether the share is not below a floor."""
        return self.of(weights) >= floor * (1 - _SURE)

    def raised(self, weights: Weights, floor: float) -> Weights:
        """The weights, those of parts that are less told in paths made as little smaller as the floor allows.

        Where it holds already they are the very same ones.
        """
        if self.holds(weights, floor):
            return weights
        less = self.own < floor
        kept = np.where(less, 0, weights)
        if not kept.any():  # all that has weight is less told: then what is told best
            kept = (self.own == self.own.max()) * weights.max()
        return self._furthest(lambda share: kept + share * np.where(less, weights, 0), floor)

    def towards(self, weights: Weights, others: Weights, floor: float) -> Weights:
        """As far from some weights towards others as the floor allows."""
        return self._furthest(lambda share: (1 - share) * weights + share * others, floor)

    def _furthest(self, line: Callable[[float], Weights], floor: float) -> Weights:
        """The last weights of a line from 0 to 1 where the floor holds; those at 0 where it never does."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.holds(line(middle), floor) else (low, middle)
        return line(low)


def shares(fusion: Fusion, query: Query, unseen: tuple[str, ...] = ()) -> Shares:
    """What all parts say at places of the fusion's own lists (`_places`), whatever their weights.

    Raises RecsysError naming a part that cannot be taken apart.
    """
    everyone = Fusion(fusion.parts)
    everyone.scales_, everyone.missing_ = fusion.scales_, fusion.missing_
    places = {getattr(part, "name", key): place for place, (key, part) in enumerate(fusion.parts.items())}
    columns = []
    for told in _places(fusion, query, unseen, everyone):
        column = np.zeros((2, len(places)))
        for block in told.columns.blocks:
            size = np.abs(block.values).sum()
            column[:, places[block.scorer]] += size, size * (block.kind == "path")
        columns.append(column)
    found = np.array(columns).reshape(-1, 2, len(places))
    return Shares(found[:, 0].T, found[:, 1].T)


def path_share(fusion: Fusion, query: Query, unseen: tuple[str, ...] = ()) -> float | None:
    """The mean path share of places of the fusion's lists (`_places`); None: there are none, or it cannot be told."""
    if not all(isinstance(part, Explains) for part in fusion.used.values()):
        return None
    told = [explanation.path_share for explanation in _places(fusion, query, unseen, fusion)]
    return float(np.mean(told)) if told else None


def _places(fusion: Fusion, query: Query, unseen: tuple[str, ...], teller: Fusion) -> Iterator[Explanation]:
    """What `teller` says of every item in the lists of `fusion`, for at most `USERS` users with events.

    `unseen` are the kinds of event whose items are kept out of the lists.
    """
    warm = np.flatnonzero(np.diff(query.indptr))
    some = query.take(warm[np.linspace(0, len(warm) - 1, min(USERS, len(warm))).astype(np.int64)])
    for row, items in enumerate(recommend(fusion, some, K, exclude_kinds=unseen).items.tolist()):
        explain = explainer(teller, some, row)
        yield from (explain(item) for item in items if item >= 0)
