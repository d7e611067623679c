"""The few types every scorer, fusion, ranking and explanation speaks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Query
from recsys.deadline import NEVER, Deadline
from recsys.markup import element, table, together
from recsys.summands import MANY as MANY
from recsys.summands import Contribution as Contribution
from recsys.summands import ContributionKind as ContributionKind
from recsys.summands import Contributions, Summands
from recsys.summands import Event as Event
from recsys.summands import Path as Path

if TYPE_CHECKING:
    import pandas as pd

Scores = NDArray[np.float32]
_SHOWN = 10  # contributions in a notebook
COMPLETE = 1e-5
"""An explanation is complete when |residual| ≤ COMPLETE · Σ|contribution|."""


@dataclass(frozen=True, eq=False)
class Holdout:
    """What is hidden from a graph and asked of it; `recsys.holdout.holdout` makes one of a window of events.

    targets     csr float32 (B, n_items), the number of events of each pair
    kinds       the kinds of event that are recommended, and that count as seen
    popularity  int64 (n_items,), the users of the graph who had an event with the item; 0 is a cold item
    n_users     the users of the graph, of whom popularity counts some
    left_out    how much of the window is no target, and why
    candidates  bool (n_items,), the items of the targets where the graph has events with none of them: these are then
                ranked among themselves; None: all items are
    categories  csr (n_items, C) of ones, the categories of every item; None where the graph knows none
    strata      of users, by what they are told apart by: the label of every row, objects (B,)
    """

    query: Query
    targets: csr_array[np.float32]
    kinds: tuple[str, ...] = ("purchase",)
    popularity: NDArray[np.int64] | None = None
    n_users: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    candidates: NDArray[np.bool_] | None = None
    categories: csr_array[np.float32] | None = None
    strata: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Holdout({len(self.query):,} users, {self.targets.nnz:,} targets)"

    def barred(self, repeats: str) -> tuple[str, ...]:
        """The kinds of event whose items are not shown again where repeats are "exclude"d."""
        return self.kinds if repeats == "exclude" else ()

    def thinned(self, n: int) -> Holdout:
        """At most `n` of its users, taken evenly from first to last."""
        if n >= len(self.query):
            return self
        return self.take(np.linspace(0, len(self.query) - 1, n).astype(np.int64))

    def take(self, rows: NDArray[np.int64]) -> Holdout:
        """Some of its users, in the order asked for."""
        strata = {name: labels[rows] for name, labels in self.strata.items()}
        return replace(self, query=self.query.take(rows), targets=self.targets[rows], strata=strata)


@runtime_checkable
class Scorer(Protocol):
    """Gives numbers, never an order.

    A dataclass whose fields are its hyperparameters and its configuration keys; learned state ends in `_`.
    """

    def fit(self, graph: KnowledgeGraph, validation: Holdout | None = None) -> Self:
        """Learn from `graph`; `validation` lies after it and is for early stopping and tuning only."""
        ...

    def score(self, query: Query) -> Scores:
        """A score for every item: float32 (B, n_items); NaN where the scorer has no opinion."""
        ...


@runtime_checkable
class Explains(Protocol):
    """A scorer whose score can be taken apart exactly."""

    @property
    def additive(self) -> bool:
        """Whether each contribution stays what it is when another event is deleted."""
        ...

    def explain(self, query: Query, row: int, item: int) -> Explanation:
        """The contributions to `score(query)[row, item]`; `item` counts within the items."""
        ...


def explains(scorer: Scorer) -> TypeGuard[Explains]:
    """Whether a scorer is `Explains`: what `isinstance` says, in a hundredth of the time."""
    return hasattr(scorer, "explain") and hasattr(scorer, "additive")


def explainer(scorer: Explains, query: Query, row: int, deadline: Deadline = NEVER) -> Callable[[int], Explanation]:
    """`explain` of any item for one row; what all items need of the row is looked up once, if the scorer can do so.

    Such a scorer keeps to the deadline too.
    """
    own: Callable[[Query, int, Deadline], Callable[[int], Explanation]] | None = getattr(scorer, "explainer", None)
    return own(query, row, deadline) if own else partial(scorer.explain, query, row)


@dataclass(frozen=True)
class Explanation:
    """A score and the contributions that make it up; `user` and `item` in the one numbering (user −1: a guest).

    `cut_ms`: after how many milliseconds what was not told yet was added up; None: it never was. `drawn` is how a
    notebook shows it; who has the graph at hand gives it, for names and pictures.
    """

    user: int
    item: int
    score: float
    contributions: Sequence[Contribution]
    additive: bool
    cut_ms: float | None = None
    drawn: Callable[[Explanation], str] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        parts = f"{len(self.contributions)} contributions, {self.path_share:.0%} paths"
        return f"Explanation(user={self.user}, item={self.item}, score={self.score:.4g}, {parts})"

    def _repr_html_(self) -> str:
        if self.drawn is not None:
            return self.drawn(self)
        strongest = sorted(self.contributions, key=lambda part: -abs(part.value))[:_SHOWN]
        rows = [[f"{part.value:.4f}", part.kind, part.scorer] for part in strongest]
        return str(together(element("p", repr(self)), table(["value", "kind", "scorer"], rows)))

    @classmethod
    def of(
        cls,
        query: Query,
        row: int,
        item: int,
        score: float,
        parts: Iterable[Contribution | Summands],
        *,
        additive: bool,
        cut_ms: float | None = None,
    ) -> Explanation:
        """The explanation of one row of a query; `item` counts within the items."""
        user = int(query.users[row])
        told = parts if isinstance(parts, Contributions) else Contributions(parts)
        return cls(user, query.items.start + item, score, told, additive, cut_ms)

    @cached_property
    def columns(self) -> Contributions:
        """The contributions as columns: for whoever adds up many."""
        told = self.contributions
        return told if isinstance(told, Contributions) else Contributions(told)

    @property
    def residual(self) -> float:
        """The part of the score that no contribution accounts for."""
        return self.score - self.columns.total

    @property
    def complete(self) -> bool:
        return abs(self.residual) <= COMPLETE * self.columns.size()

    @property
    def path_share(self) -> float:
        """Σ|c of paths| / Σ|c|, in 0 … 1."""
        total = self.columns.size()
        return self.columns.size("path") / total if total else 0.0

    def of_kind(self, kind: ContributionKind) -> tuple[Contribution, ...]:
        return tuple(part for part in self.contributions if part.kind == kind)


@dataclass(frozen=True)
class Move:
    """What a re-ranking step did to an item: its place before and after, from 1.

    `after` None: it was taken out; `before` None: it had been taken out, and was put back.
    """

    step: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Placement:
    """Where an item stands in a person's whole list: by its score alone, and re-ranked; None: nowhere.

    `moves` are those of the steps that moved it, in their order.
    """

    before: int | None
    rank: int | None
    moves: tuple[Move, ...] = ()


@dataclass(frozen=True, eq=False)
class Recommendations:
    """The best k items of every row: `items` int64 (B, k), −1 pads; `scores` float32 (B, k), NaN pads.

    Where they were re-ranked, `steps` names how, and `places` int64 (steps + 1, B, k) has every item's place, from 1,
    by its score alone and after each step.
    """

    items: NDArray[np.int64]
    scores: Scores
    users: NDArray[Any]
    steps: tuple[str, ...] = ()
    places: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        return f"Recommendations({self.items.shape[0]:,} users, lists of {self.items.shape[1]})"

    def to_frame(self, graph: KnowledgeGraph) -> pd.DataFrame:
        """Columns user_id, item_id, rank, title, score; one row per recommendation.

        Of re-ranked ones also rank_before, the place by the score alone, and per step moved_by_…, places up.
        """
        import pandas as pd

        row, column = np.nonzero(self.items >= 0)
        items = self.items[row, column]
        catalogue = graph.nodes[ITEM]
        told = {
            "user_id": self.users[row],
            "item_id": catalogue.ids.to_ids(items),
            "rank": column + 1,
            "title": catalogue.labels[items],
            "score": self.scores[row, column],
        }
        if self.places is not None:
            places = self.places[:, row, column]
            moved = zip(self.steps, places[:-1] - places[1:], strict=True)
            told |= {"rank_before": places[0], **{f"moved_by_{step}": up for step, up in moved}}
        return pd.DataFrame(told)


def user_ids(graph: KnowledgeGraph, query: Query) -> NDArray[Any]:
    """The ids of a query's users; a guest's is empty."""
    ids = np.full(len(query), "", dtype=object)
    known = query.users >= 0
    ids[known] = graph.nodes[USER].ids.to_ids(query.users[known])
    return ids
