"""Metapaths: the kinds of walk from a query's nodes to items that the schema of a graph allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph, Relation
from kg.query import Weighting
from recsys.operators import power, scaled
from recsys.scorers.interactions import strongest, weightiest

_ARROW = re.compile(r" -(.+?)-> ")


@dataclass(frozen=True)
class Metapath:
    """Node types and the relations between them (one fewer): item -brand-> brand -rev_brand-> item."""

    types: tuple[str, ...]
    relations: tuple[str, ...]

    def __str__(self) -> str:
        steps = "".join(f" -{name}-> {kind}" for name, kind in zip(self.relations, self.types[1:], strict=True))
        return self.types[0] + steps

    @staticmethod
    @cache
    def parse(text: str) -> Metapath:
        parts = _ARROW.split(text)
        return Metapath(tuple(parts[::2]), tuple(parts[1::2]))

    @property
    def steps(self) -> tuple[Relation, ...]:
        return tuple(zip(self.types[:-1], self.relations, self.types[1:], strict=True))

    @property
    def middle(self) -> int:
        """The number of steps before the node where the walks of both sides meet."""
        return len(self.relations) // 2

    @property
    def through_users(self) -> bool:
        """Whether it passes other customers, who are only ever told as a count."""
        return USER in self.types


def metapaths(graph: KnowledgeGraph, weighting: Weighting, max_steps: int) -> list[Metapath]:
    """All metapaths of at most `max_steps`, in an order that depends on names alone.

    - From an item to its customers (one for each kind of event that weighs), to what they bought.
    - From an item up to what it is (brand, category, the category above it …) and down to others that are the same.
    - From an item along a relation between items.
    - From a trait that users can have (a country, a favourite brand) to the users who share it, to what they bought;
      and where items can have it too, to those items.
    """
    relations = sorted(name for name, edges in graph.relations.items() if len(edges))
    kinds = [name for name in relations if name[::2] == (USER, ITEM) and weighting.of_kind(name[1]) > 0]
    traits = [name for name in relations if name[0] == USER and name[2] not in (USER, ITEM)]
    found = []
    bought = weightiest(graph, weighting)
    if bought and max_steps > 1:
        found = [_chain(turned(start), bought) for start in (*kinds, *traits)]
    between = [name for name in relations if name[::2] == (ITEM, ITEM)]
    found += [_chain(step) for name in between for step in (name, turned(name))]
    trait_types = sorted({name[2] for name in traits})
    for up in _ways_up((), ITEM, relations, max_steps):
        down = [turned(step) for step in reversed(up)]
        if 2 * len(up) <= max_steps:
            found.append(_chain(*up, *down))
        heights = [height for height, step in enumerate(up, start=1) if step[2] in trait_types]
        found += [_chain(*up[h:], *down) for h in heights if len(up) - h + len(down) <= max_steps]
    return found


def to_customers_and_back(graph: KnowledgeGraph, weighting: Weighting) -> Metapath | None:
    """From an item to who had it by the weightiest kind of event, to what else they had; None without an event."""
    bought = weightiest(graph, weighting)
    return _chain(turned(bought), bought) if bought else None


def transitions(
    graph: KnowledgeGraph, metapath: Metapath, weighting: Weighting, beta: float, alpha: float = 1.0
) -> list[csr_array]:
    """The steps as matrices whose rows sum to 1 (or are empty), the last one damped by the popularity of its targets.

    Christoffel et al., "Blockbusters and wallflowers", RecSys 2015 (RP3β). Entries are raised to the power `alpha`
    (their P3α) before they are damped; then rows sum to 1 no more. An edge of an event is each pair's latest one. An
    item's damping is (degree / mean degree)^−beta in the last relation if that holds events; the degree of an item in a
    relation to its attributes tells nothing of its popularity.
    """
    matrices = [_matrix(graph, step, weighting) for step in metapath.steps]
    steps = [_raised(scaled(matrix, rows=power(matrix.sum(axis=1), -1)), alpha) for matrix in matrices]
    if metapath.steps[-1][0] == USER:
        degrees = np.asarray(matrices[-1].sum(axis=0), dtype=np.float64)
        mean = degrees[degrees > 0].mean() if degrees.any() else 1.0
        steps[-1] = scaled(steps[-1], columns=power(degrees / mean, -beta))
    return steps


def _matrix(graph: KnowledgeGraph, step: Relation, weighting: Weighting) -> csr_array:
    source, name, target = step
    if name.startswith("rev_"):
        return _matrix(graph, (target, name.removeprefix("rev_"), source), weighting).T.tocsr()
    if (source, target) == (USER, ITEM):
        alone = replace(graph, relations={step: graph.relations[step]})
        return strongest(alone, replace(weighting, kinds={name: 1.0}))
    return abs(graph.matrix(step))


def _raised(matrix: csr_array, exponent: float) -> csr_array:
    return csr_array((matrix.data ** np.float32(exponent), matrix.indices, matrix.indptr), matrix.shape)


def _ways_up(
    before: tuple[Relation, ...], at: str, relations: list[Relation], max_steps: int
) -> Iterator[list[Relation]]:
    """Chains of facts from items to what they are, to what that is; between nodes of one type forwards only."""
    if len(before) == max_steps:
        return
    forward = [name for name in relations if name[0] == at]
    backward = [turned(name) for name in relations if name[2] == at and name[0] != at]
    for step in forward + backward:
        if step[2] not in (USER, ITEM):
            chain = (*before, step)
            yield list(chain)
            yield from _ways_up(chain, step[2], relations, max_steps)


def _chain(*steps: Relation) -> Metapath:
    return Metapath((steps[0][0], *(step[2] for step in steps)), tuple(step[1] for step in steps))


def turned(step: Relation) -> Relation:
    """A relation walked the other way."""
    source, name, target = step
    return target, name.removeprefix("rev_") if name.startswith("rev_") else f"rev_{name}", source
