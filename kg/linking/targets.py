"""What can be linked to: the nodes of one type, with all their names, what lies above them, and their identifiers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError
from kg.linking.names import normal, noun, ways
from kg.mining.phrases import Words
from kg.sources.taxonomy import BETWEEN, find_cycle

if TYPE_CHECKING:
    import pandas as pd

_NAMES = ("label", "alt_label")


@dataclass(frozen=True, eq=False)
class Targets:
    """Nodes by number; a name belongs to one node, and a node may have many.

    kind         the type of them all
    ids, labels  of every node, sorted by id
    parents      number of the node above (the first in order), −1 at the top
    names        the words of every name, `nouns` the one of them that says what it is, `of` the node's number
    own          false of what is only a part of a node's name, or the name of something that is mapped to it
    """

    kind: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    parents: NDArray[np.int64]
    names: tuple[Words, ...]
    nouns: tuple[str, ...]
    of: NDArray[np.int64]
    own: NDArray[np.bool_]

    @classmethod
    def among(cls, facts: pd.DataFrame, kind: str) -> Targets:
        """Of facts the nodes of a type that have a name of words: `label`, `alt_label`, those of a `close_match`.

        Raises KgError where there is none, and naming the nodes of a cycle of `broader`.
        """
        ours = facts[facts["head_type"] == kind]
        said = ours[ours["relation"].isin(_NAMES)]
        said = said[[any(map(normal, ways(name))) for name in said["tail"]]]  # "!!!" is no name
        if said.empty:
            known = sorted(facts.loc[facts["relation"].isin(_NAMES), "head_type"].unique())
            fix = f"There are {', '.join(known)}." if known else "Name a taxonomy, or facts with labels."
            raise KgError("no node of this type has a name", column="derive.link.to", value=kind, fix=fix)
        labels = said[said["relation"] == "label"].groupby("head")["tail"].min()
        ids = tuple(sorted(said["head"].unique()))
        number = {id_: place for place, id_ in enumerate(ids)}
        broader = ours[(ours["relation"] == "broader") & ours["head"].isin(number) & ours["tail"].isin(number)]
        if cycle := find_cycle(zip(broader["head"], broader["tail"], strict=True)):
            fix = "Cut one `broader` link of these."
            raise KgError("the taxonomy has a cycle", column="derive.link.to", value=BETWEEN.join(cycle), fix=fix)
        above = broader.groupby("head")["tail"].min()
        parents = np.array([number[above[id_]] if id_ in above.index else -1 for id_ in ids], dtype=np.int64)
        names = _names(said, facts, kind, number)
        rows = ((way, last, place, is_own) for (place, way), (last, is_own) in names.items())
        words, nouns, of, own = zip(*rows, strict=True)
        called = tuple(str(labels.get(id_, id_)) for id_ in ids)
        return cls(
            kind, ids, called, parents, words, nouns, np.array(of, dtype=np.int64), np.array(own, dtype=np.bool_)
        )

    @cached_property
    def number(self) -> dict[str, int]:
        return {id_: place for place, id_ in enumerate(self.ids)}

    @cached_property
    def above(self) -> tuple[tuple[int, ...], ...]:
        """Of every node the nodes from the top down to it, itself the last."""
        found: list[tuple[int, ...]] = []
        for place in range(len(self.ids)):
            trail = [place]
            while (parent := int(self.parents[trail[-1]])) >= 0:
                trail.append(parent)
            found.append(tuple(reversed(trail)))
        return tuple(found)

    def path(self, place: int) -> str:
        """The labels down to it: A > B > C."""
        return BETWEEN.join(self.labels[one] for one in self.above[place])

    @cached_property
    def known_as(self) -> dict[str, int]:
        """Numbers by path and by id: a feed may give either."""
        return {self.path(place): place for place in range(len(self.ids))} | self.number

    @cached_property
    def above_words(self) -> tuple[Words, ...]:
        """The words of the labels above every node."""
        said = [normal(label) for label in self.labels]
        return tuple(tuple(word for one in trail[:-1] for word in said[one]) for trail in self.above)


def _names(
    said: pd.DataFrame, facts: pd.DataFrame, kind: str, number: dict[str, int]
) -> dict[tuple[int, Words], tuple[str, bool]]:
    """(node, words) → its noun, and whether it is a name of the node's own, whole."""
    found: dict[tuple[int, Words], tuple[str, bool]] = {}

    def add(node: str, name: str, *, own: bool) -> None:
        for place, way in enumerate(ways(name)):
            if told := normal(way):
                found.setdefault((number[node], told), (noun(way), own and place == 0))

    for node, name in sorted(zip(said["head"], said["tail"], strict=True)):
        add(node, name, own=True)
    matches = facts[(facts["relation"] == "close_match") & (facts["tail_type"] == kind) & facts["tail"].isin(number)]
    if not matches.empty:
        theirs = facts[facts["relation"].isin(_NAMES) & facts["head_type"].isin(matches["head_type"].unique())]
        called: dict[str, list[str]] = defaultdict(list)
        for node, name in zip(theirs["head"], theirs["tail"], strict=True):
            called[node].append(name)
        for other, node in sorted(zip(matches["head"], matches["tail"], strict=True)):
            for name in called[other]:
                add(node, name, own=False)
    return found
