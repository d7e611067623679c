"""The surroundings of a node as a tree: what is drawn one by one, what is counted, and what ties the drawn together.

Other users are never drawn one by one, only counted, and few of them not even that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kg.customers import FEWEST, counted
from kg.graph import USER, KnowledgeGraph, Relation
from kg.paths import Neighbours, neighbours

_ROOT = -1


@dataclass(frozen=True)
class Spot:
    """A node, or what is only counted: `place` in the graph's one numbering, −1 for `count` nodes of a type.

    A `count` of None, with edges of None, are customers too few to be told. `parent` is the position of the spot it
    hangs on (−1: the middle), `steps` the relations that tie it there (`rev_…`: walked backwards) with their edges.
    """

    place: int
    type: str
    parent: int
    depth: int
    steps: tuple[tuple[str, int | None], ...] = ()
    count: int | None = 1


@dataclass(frozen=True)
class Neighbourhood:
    """Spots, every parent before its children.

    `links` are edges between two spots that the tree does not join: (source, target, relation).
    `relations` tells of the node itself: how many nodes (None: customers, too few to be told), of which so many are
    drawn. `cut`: there is more further out than there was room for.
    """

    spots: tuple[Spot, ...]
    links: tuple[tuple[int, int, str], ...]
    relations: tuple[tuple[Relation, int | None, int], ...]
    cut: bool = False

    def children(self) -> list[list[int]]:
        """The positions of the children of every spot."""
        found: list[list[int]] = [[] for _ in self.spots]
        for position, spot in enumerate(self.spots):
            if spot.parent != _ROOT:
                found[spot.parent].append(position)
        return found


def neighbourhood(
    graph: KnowledgeGraph, node: int, hops: int = 1, limit: int = 300, fewest: int = FEWEST
) -> Neighbourhood:
    """A node and what is up to `hops` steps away, at most `limit` spots beside it, and counts of `fewest` customers.

    Near before far; of one distance every relation of every node shows the same greatest number, those with the most
    edges first, and what is left is one spot with its number. Where not one of every relation fits, that distance and
    all beyond it are left out.
    """
    spots = [Spot(node, graph.type_of(node).name, _ROOT, 0)]
    position = {node: 0}
    links: dict[tuple[int, int], tuple[int, int, str]] = {}
    relations: list[tuple[Relation, int | None, int]] = []
    frontier, cut = [0], False
    for depth in range(1, hops + 1):
        groups = [
            (parent, part)
            for parent in frontier
            for part in neighbours(graph, spots[parent].place, limit + len(spots))
            if depth == 1 or part.relation[2] != USER
        ]
        fresh = [[place for place, _ in part.top if place not in position] for _, part in groups]
        most, first = _most(groups, fresh, limit + 1 - len(spots)), len(spots)
        if depth > 1 and not most:
            cut = any(fresh)
            break
        for (parent, part), candidates in zip(groups, fresh, strict=True):
            if len(spots) > limit:
                break
            free = [place for place in candidates if place not in position]  # not drawn since, on another parent
            known = _add(spots, position, links, parent, part, {*free[: _shown(part, free, most)]})
            name, target = part.relation[1], part.relation[2]
            least = fewest if target == USER else 0
            if left := part.nodes - known:
                count = counted(left, least)
                spots.append(Spot(-1, target, parent, depth, ((name, None if count is None else part.edges),), count))
            if depth == 1:
                relations.append((part.relation, counted(part.nodes, least), known))
        frontier = [place for place in range(first, len(spots)) if spots[place].place >= 0]
    return Neighbourhood(tuple(spots), tuple(links.values()), tuple(relations), cut)


def _add(
    spots: list[Spot],
    position: dict[int, int],
    links: dict[tuple[int, int], tuple[int, int, str]],
    parent: int,
    part: Neighbours,
    shown: set[int],
) -> int:
    """Draw those to be shown and tie those that are drawn already; how many nodes of the relation that are."""
    known, name = 0, part.relation[1]
    for place, edges in part.top:
        if (at := position.get(place)) is not None:
            known += 1
            if spots[at].parent == parent:
                spot = spots[at]
                spots[at] = Spot(spot.place, spot.type, parent, spot.depth, (*spot.steps, (name, edges)))
            elif spots[parent].parent != at:
                forth = name.removeprefix("rev_")
                ends = (parent, at) if forth == name else (at, parent)
                links.setdefault((min(ends), max(ends)), (*ends, forth))
        elif place in shown:
            known += 1
            position[place] = len(spots)
            spots.append(Spot(place, part.relation[2], parent, spots[parent].depth + 1, ((name, edges),)))
    return known


def _most(groups: Sequence[tuple[int, Neighbours]], fresh: Sequence[list[int]], room: int) -> int:
    """The greatest number that every relation may show, so that all of them and a spot for what is left fit."""

    def spots(most: int) -> Iterator[int]:
        for (_, part), candidates in zip(groups, fresh, strict=True):
            shown = _shown(part, candidates, most)
            yield shown + (shown < part.nodes)

    most = max(map(len, fresh), default=0)
    while most and sum(spots(most)) > room:
        most -= 1
    return most


def _shown(part: Neighbours, candidates: Sequence[int], most: int) -> int:
    """How many of a relation are drawn: none of users, and one more than `most` where it would be counted alone."""
    if part.relation[2] == USER:
        return 0
    return len(candidates) if most and len(candidates) <= most + 1 else most
