"""How good the rankings are: all items ranked by every scorer, block by block, for every user with targets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.query import Query
from recsys.blocks import blocks as row_blocks
from recsys.figures import Evaluation as Evaluation
from recsys.figures import Figures
from recsys.fusion import Fusion
from recsys.metrics import NEEDS, Lists, metric
from recsys.metrics import figures as figures_of
from recsys.metrics.whole import beaten
from recsys.protocol import COLD_ITEMS, COLD_OVERALL, Protocol, asked, seen_before
from recsys.ranking import Mask, masked, rank
from recsys.threads import allowed
from recsys.types import Holdout, Scorer, Scores

_WORKERS = 4  # threads at most: each holds a block of scores, which bounds the memory
_ALL, _HIDDEN, _COLD = "all", "hidden", "cold"  # what an item is ranked among


def evaluate(
    scorers: Mapping[str, Scorer], holdout: Holdout, protocol: Protocol, groups: Collection[str] | None = None
) -> Evaluation:
    """Rank all items for every user with targets, by every scorer; raises RecsysError where nobody can be asked.

    `groups` are those of `protocol.asked` to look at; None: all.
    """
    return evaluate_all([(scorers, protocol)], holdout, groups)[0]


def evaluate_all(
    questions: Sequence[tuple[Mapping[str, Scorer], Protocol]],
    holdout: Holdout,
    groups: Collection[str] | None = None,
    also: Watch | None = None,
) -> list[Evaluation]:
    """Several evaluations at once: a scorer that stands in more than one of them scores once.

    `also` is shown every block: which rows of the holdout it is, and their scores. Blocks are worked on by several
    threads, as `recsys.threads` allows, and come in no order.
    """
    judgements = [_Judgement(scorers, protocol, holdout, groups) for scorers, protocol in questions]
    rows = np.flatnonzero(np.any([judgement.wanted for judgement in judgements], axis=0))
    n_scorers = len({id(scorer) for scorers, _ in questions for scorer in scorers.values()})

    def look(block: slice) -> None:
        scores = Shared(holdout.query.take(rows[block]))
        for judgement in judgements:
            judgement.rank(rows[block], scores)
        if also is not None:
            also(rows[block], scores)

    blocks = row_blocks(len(rows), len(holdout.query.items), n_scorers * (1 if also is None else 2))
    with ThreadPoolExecutor(min(allowed(), _WORKERS)) as workers:
        list(workers.map(look, blocks))
    return [judgement.figures() for judgement in judgements]


@dataclass
class Shared:
    """The scores for a query, each scorer's computed once; a fusion's mixed from its parts'."""

    query: Query
    known: dict[int, Scores] = field(default_factory=dict)

    def of(self, scorer: Scorer) -> Scores:
        if isinstance(scorer, Fusion):
            return scorer.mix(self.query, self.of)
        if id(scorer) not in self.known:
            self.known[id(scorer)] = scorer.score(self.query)
        return self.known[id(scorer)]


Watch = Callable[[NDArray[np.int64], Shared], None]


class _Judgement:
    """One evaluation under way.

    rows    int64 (R,), the rows of the holdout that are asked anything
    lists   [field][scorer]: their lists int64 (R, k) of the items of a field; `field`: in which a group is ranked
    beaten  [group][scorer]: float64 (users of the group,), see `Lists.beaten`; where whole rankings are looked at
    """

    def __init__(
        self, scorers: Mapping[str, Scorer], protocol: Protocol, holdout: Holdout, groups: Collection[str] | None
    ) -> None:
        self.scorers, self.protocol, self.holdout = scorers, protocol, holdout
        found = asked(holdout, protocol)
        self.groups = {name: found[name] for name in found if groups is None or name in groups}
        self.of_group = {group: np.diff(targets.indptr) > 0 for group, targets in self.groups.items()}
        self.wanted = np.any(list(self.of_group.values()), axis=0)
        self.rows = np.flatnonzero(self.wanted)
        assert holdout.popularity is not None  # `asked` has checked it
        self.popularity = holdout.popularity
        hidden = holdout.candidates
        self.field = {group: _ALL if hidden is None or group == COLD_OVERALL else _HIDDEN for group in self.groups}
        self.field |= {COLD_ITEMS: _COLD}
        self.fields: dict[str, Mask | None] = {_ALL: None, _HIDDEN: hidden, _COLD: self.popularity == 0}
        shape = (len(self.rows), max(protocol.k))
        used = {self.field[group] for group in self.groups}
        self.lists = {each: {name: np.full(shape, -1) for name in scorers} for each in self.fields if each in used}
        self.beaten = {
            group: {name: np.zeros(int(own.sum())) for name in scorers}
            for group, own in self.of_group.items()
            if protocol.whole
        }

    def rank(self, rows: NDArray[np.int64], scores: Shared) -> None:
        """Take the lists of some rows of the holdout, whose scores these are."""
        mine = np.flatnonzero(self.wanted[rows])
        place = np.searchsorted(self.rows, rows[mine])
        excluded = seen_before(self.holdout, self.protocol, scores.query.take(mine))
        k = max(self.protocol.k)
        for name, scorer in self.scorers.items():
            found = scores.of(scorer)
            found = found if len(mine) == len(found) else found[mine]
            for each, lists in self.lists.items():
                lists[name][place] = rank(found, k, excluded=excluded, allowed=self.fields[each]).items
            for group, of_scorers in self.beaten.items():
                own = self.of_group[group][rows[mine]]
                chosen = np.cumsum(self.of_group[group])[rows[mine][own]] - 1
                barred = None if excluded is None else excluded[own]
                of_scorers[name][chosen] = self._beaten(found[own], group, rows[mine][own], barred)

    def _beaten(
        self, scores: Scores, group: str, rows: NDArray[np.int64], excluded: csr_array[Any] | None
    ) -> NDArray[np.float64]:
        mask = self.fields[self.field[group]]
        barred = np.zeros(scores.shape, dtype=bool) if excluded is None else excluded.toarray() > 0
        if mask is not None:
            barred |= ~mask
        return beaten(masked(scores), self.groups[group][rows], barred)

    def figures(self) -> Evaluation:
        figures: dict[str, dict[str, Figures]] = {name: {} for name in self.scorers}
        curves: dict[str, NDArray[np.float64]] = {}
        for group, targets in self.groups.items():
            chosen = np.flatnonzero(self.of_group[group])
            place, own, history = np.searchsorted(self.rows, chosen), targets[chosen], self._history(chosen)
            for name in self.scorers:
                judged = Lists.of(
                    self.lists[self.field[group]][name][place],
                    own,
                    self.popularity,
                    self.holdout.n_users,
                    history,
                    self.holdout.categories,
                    self.beaten.get(group, {}).get(name),
                )
                figures[name][group] = figures_of(judged, self.protocol.metrics, self.protocol.k)
                if group == "warm":
                    lengths = range(1, max(self.protocol.k) + 1)
                    curves[name] = np.array([metric("recall")(judged, n).mean() for n in lengths])
        warm = self.of_group.get("warm")
        strata = {} if warm is None else {name: labels[warm] for name, labels in self.holdout.strata.items()}
        return Evaluation(self.protocol, figures, curves, self.holdout.left_out, strata)

    def _history(self, rows: NDArray[np.int64]) -> csr_array[Any] | None:
        """What the users of some rows had, where a metric asks it."""
        if not any("history" in NEEDS.get(name, ()) for name in self.protocol.metrics):
            return None
        found = self.holdout.query.take(rows).seen(self.holdout.kinds)
        return found if found.nnz else None
