"""iALS for new items: a ridge regression says from an item's attributes what its factors would be.

Gantner et al., "Learning attribute-to-feature mappings for cold-start recommendations", ICDM 2010.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import DEMANDS, Demand
from recsys.grid import Span, half_life
from recsys.linear import STRICT, LinearScorer
from recsys.operators import Factors
from recsys.scorers.attributes import attributes
from recsys.scorers.conjugate import conjugate
from recsys.scorers.ials import IALS
from recsys.types import Holdout

_STEPS = 100  # of conjugate gradients: few attributes are common, so that few directions are slow


@dataclass(config=STRICT)
class AttributeIALS(LinearScorer):
    """operator = Y M Ŷᵀ, with Y and M as in `IALS`; each item's score times demand.

    ŷ_i = ȳ + f_i W, with f_i the attributes of item i as they are, and ȳ the mean of what `IALS` learned. W solves
    min Σ_i ‖y_i − ŷ_i‖² + l2 ‖W‖² over the items that have events and attributes: it finds by itself how telling each
    attribute is, a rare one being held down by l2, so that they are weighed no further. Of an item without attributes
    it has no opinion.
    """

    n_factors: PositiveInt = 64
    unobserved: PositiveFloat = 0.1
    regularisation: PositiveFloat = 0.01
    l2: PositiveFloat = 10.0
    train_half_life: PositiveFloat | None = 180
    demand: Demand = Demand()
    weighting: Weighting = Weighting()
    seed: int = 0
    name: str = "attribute_ials"

    GRID: ClassVar[dict[str, tuple[Any, ...]]] = {
        "train_half_life": half_life(180, None),
        "unobserved": Span((0.1, 0.3, 1.0), 0.001, 3.0, log=True),
        "l2": Span((10.0, 3.0, 30.0), 0.1, 1000.0, log=True),
        "demand": DEMANDS,
        "n_factors": Span((), 16, 256, log=True),
        "regularisation": Span((), 0.001, 0.1, log=True),
        "weighting": (),
    }

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        learned = IALS(
            n_factors=self.n_factors,
            unobserved=self.unobserved,
            regularisation=self.regularisation,
            train_half_life=self.train_half_life,
            weighting=self.weighting,
            seed=self.seed,
        ).fit(graph)
        assert isinstance(learned.operator_, Factors)
        factors: NDArray[np.float32] = learned.operator_.left
        F = attributes(graph).weights
        self.opinion_ = np.diff(F.indptr) > 0
        known = np.flatnonzero(learned.opinion_ & self.opinion_)
        mean = factors[known].mean(axis=0) if len(known) else np.zeros(factors.shape[1], np.float32)
        W = ridge(F[known], factors[known] - mean, self.l2)
        self.operator_ = Factors(factors, (F @ W + mean).astype(np.float32))
        self.emphasis_ = self.emphasis(graph)
        return self


def ridge(F: csr_array, Y: NDArray[np.float32], l2: float) -> NDArray[np.float32]:
    """W of min ‖Y − F W‖² + l2 ‖W‖², float32 (columns of F, columns of Y)."""
    across = F.T.tocsr()

    def applied(turned: NDArray[np.float32]) -> NDArray[np.float32]:
        return (across @ (F @ turned.T)).T + np.float32(l2) * turned

    goal = (across @ Y).T.astype(np.float32)
    return conjugate(applied, np.zeros_like(goal), goal, _STEPS).T
