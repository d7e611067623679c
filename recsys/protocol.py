"""How a ranking is judged: which items may be in the list, which of them are right, at what length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, PositiveInt
from pydantic.dataclasses import dataclass
from scipy.sparse import csr_array

from kg.query import Query, Weighting
from recsys.errors import RecsysError
from recsys.metrics import WHOLE, listed
from recsys.types import Holdout

Repeats = Literal["include", "exclude"]
COLD_ITEMS, COLD_OVERALL = "cold_items", "cold_overall"


@dataclass(config=ConfigDict(extra="forbid"), frozen=True)
class Protocol:
    """All items are ranked; `k` are the lengths of list looked at, the first one decides.

    repeats    "exclude": what the user had before is taken out of the ranking and of the targets
    metrics    names of `recsys.metrics.METRICS`
    resamples  of the bootstrap and the permutation test; `level` is the intervals' coverage
    """

    repeats: Repeats = "include"
    k: tuple[PositiveInt, ...] = (10, 20)
    metrics: tuple[str, ...] = field(default_factory=listed)
    resamples: PositiveInt = 2000
    level: float = 0.95
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.k:
            raise RecsysError("a protocol needs a length of list", fix="Give k, such as 10.")
        if not 0 < self.level < 1:
            raise RecsysError("the level of an interval lies between 0 and 1", value=self.level)

    @property
    def decisive(self) -> str:
        """The metric that scorers are compared by."""
        return f"ndcg@{self.k[0]}"

    @property
    def whole(self) -> bool:
        """Whether any metric looks at whole rankings."""
        return not WHOLE.isdisjoint(self.metrics)


def seen_before(holdout: Holdout, protocol: Protocol, query: Query) -> csr_array[np.float32] | None:
    """What the protocol keeps out of the lists of `query`, some rows of the holdout's; None: nothing."""
    return query.seen(holdout.kinds) if protocol.repeats == "exclude" else None


def asked(holdout: Holdout, protocol: Protocol) -> Mapping[str, csr_array[np.float32]]:
    """The targets by group, each csr float32 (B, n_items); a row without targets is not asked.

    warm        users with a history, items with events: the figures scorers are compared by
    repeat      of those, what the user had before, and explore, the rest (repeats included only)
    cold_users  users without any event, items with events
    cold_items  items without any event; these are ranked among themselves
    cold_overall  the same targets, among all items

    Where every user asked is new, `warm` is those; where every item is, it is the holdout's `candidates`, ranked among
    themselves: that is what a split by users or by items asks. A group without a target is left out. Raises RecsysError
    where there are no warm targets at all.
    """
    if holdout.popularity is None:
        raise RecsysError("a holdout without popularity cannot be judged", fix="Make it with recsys.holdout.holdout.")
    query, targets = holdout.query, holdout.targets
    weighing = tuple(kind for kind in query.kind_names if Weighting().of_kind(kind))
    warm_users = query.seen(weighing).count_nonzero(axis=1) > 0
    seen = query.seen(holdout.kinds)
    new = _without(targets, seen)
    if protocol.repeats == "exclude":
        targets = new
    if not warm_users.any():
        warm_users = ~warm_users
    hidden = holdout.candidates
    warm_items = holdout.popularity > 0 if hidden is None else hidden
    groups = {"warm": _part(targets, warm_users, warm_items)}
    if protocol.repeats == "include":
        groups["repeat"] = _part(_without(targets, new), warm_users, warm_items)
        groups["explore"] = _part(new, warm_users, warm_items)
    groups["cold_users"] = _part(targets, ~warm_users, warm_items)
    if hidden is None:
        groups[COLD_ITEMS] = _part(targets, np.ones_like(warm_users), ~warm_items)
    groups[COLD_OVERALL] = groups[COLD_ITEMS] if hidden is None else groups["warm"]
    if not groups["warm"].nnz:
        raise RecsysError(
            "no user with a history has a target" + (" that is new" if protocol.repeats == "exclude" else ""),
            fix="Take a longer window, or an earlier split.",
        )
    return {name: part for name, part in groups.items() if part.nnz}


def _part(targets: csr_array, users: NDArray[np.bool_], items: NDArray[np.bool_]) -> csr_array:
    pairs = targets.tocoo()
    kept = users[pairs.row] & items[pairs.col]
    return csr_array((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), targets.shape)


def _without(targets: csr_array, others: csr_array) -> csr_array:
    """The targets at places where `others` has nothing."""
    rest = (targets - targets.multiply(others > 0)).tocsr()
    rest.eliminate_zeros()
    return rest
