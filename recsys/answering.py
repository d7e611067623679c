"""Why not, why above, what if: asked of what a person is shown, and every answer checked by ranking anew."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from kg.graph import ITEM, USER, KnowledgeGraph
from kg.query import Query
from recsys.blocks import blocks
from recsys.errors import RecsysError
from recsys.explanation import comparison
from recsys.explanation.answers import (
    Bringing,
    Owed,
    Side,
    Stand,
    Standing,
    WhyAbove,
    WhyNot,
    Without,
    WouldBring,
    sides,
)
from recsys.explanation.attribution import attribute
from recsys.explanation.counterfactual import counterfactual
from recsys.explanation.steps import neighbours
from recsys.explanation.told import Stop
from recsys.explanation.whatif import ranks, with_each
from recsys.serving import Service
from recsys.types import Explains

_SCORES = 4_000_000  # scored for a question: a few seconds
_FEWEST = 50  # purchases tried, however large the catalogue
_BEAM, _PARTNERS = 6, 40  # sets that are grown by one more purchase, and by how many each
_LARGEST = 3  # purchases together
_CHECKED, _SHOWN = 12, 3  # answers that are ranked anew at most, and given


def why_not(service: Service, query: Query, item: int) -> WhyNot:
    """Where an item stands in the list of a query of one row; below the list it is compared with its last one."""
    stand, standing = _stand(service, query, item), _standing(service, query, item)
    as_of = service.teller.day(service.graph.now)
    if standing != "below the list":
        return WhyNot(_user(service, query), stand, service.k, standing, as_of)
    shown = service.listed(query, query.users).items[0]
    last = int(shown[shown >= 0][-1])
    told, exact = _sides(service, query, last, item)
    return WhyNot(_user(service, query), stand, service.k, standing, as_of, _stand(service, query, last), told, exact)


def why_above(service: Service, query: Query, first: int, second: int) -> WhyAbove:
    """What puts one item above another, or holds it back, by what the user did."""
    told, exact = _sides(service, query, first, second)
    stands = (_stand(service, query, first), _stand(service, query, second))
    return WhyAbove(_user(service, query), *stands, told, service.teller.day(service.graph.now), exact)


def would_bring(service: Service, query: Query, item: int) -> WouldBring:
    """Which purchases of at most three items, just now, would bring an item into the list.

    Single ones first: all, or on a large catalogue those that share most with the item; then sets grown from the best.
    """
    stand, standing = _stand(service, query, item), _standing(service, query, item)
    asked = (_user(service, query), stand, service.k, standing)
    if standing != "below the list":
        return WouldBring(*asked)
    promising = _promising(service.graph, query, item)
    tried = promising[: max(_FEWEST, _SCORES // service.graph.n_items)]
    sets, partners = tried[:, None], tried[:_PARTNERS]
    for size in range(1, _LARGEST + 1):
        best = sets[np.argsort(_places(service, query, sets, item), kind="stable")]
        if answers := _checked(service, query, best, item):
            every = len(promising) if not service.chain else _CHECKED  # re-ranking may put the best elsewhere
            exact = size == 1 and len(tried) == len(promising) <= every
            return WouldBring(*asked, answers, len(tried), len(promising), exact)
        partners = best[:_PARTNERS, 0] if size == 1 else partners
        sets = _grown(best[:_BEAM], partners)
    return WouldBring(*asked, (), len(tried), len(promising), exact=False)


def without(service: Service, query: Query, item: int) -> Without:
    """The fewest of the user's own doings, at most three, without which an item would not be in her list."""
    if service.chain:
        raise RecsysError("what holds an item in a re-ranked list is not only its score", fix="Ask with --plain.")
    stand = _stand(service, query, item)
    asked = (_user(service, query), stand, service.k, service.teller.day(service.graph.now))
    if stand.placement.before is None:
        raise RecsysError("the item is not in the list", value=stand.item.label, fix="Ask --why-not.")
    allowed = service.scores(query)[0] > -np.inf
    found = counterfactual(service.scorer, query, 0, item, service.k, allowed=allowed)
    if found is None:
        return Without(*asked, exact=service.scorer.additive if isinstance(service.scorer, Explains) else False)
    by_node = service.teller.doings(query)
    nodes = tuple(by_node[node] for node in found.nodes)
    return Without(*asked, nodes, found.after, found.smallest)


def attributed(service: Service, query: Query, item: int) -> Owed:
    """What an item's score owes to each of the user's doings, whatever the scorer: an estimate, labelled so."""
    found = attribute(service.scorer, query, item)
    by_node = service.teller.doings(query)
    order = np.argsort(-np.abs(found.values), kind="stable")
    parts = tuple((*by_node[int(found.nodes[at])], float(found.values[at])) for at in order)
    stand, as_of = _stand(service, query, item), service.teller.day(service.graph.now)
    return Owed(_user(service, query), stand, parts, found.nothing, found.gap, found.n_orders, as_of)


def _user(service: Service, query: Query) -> Stop | None:
    return None if query.users[0] < 0 else service.teller.stop(int(query.users[0]))


def _stand(service: Service, query: Query, item: int) -> Stand:
    score = float(service.scorer.score(query)[0, item])
    told = service.teller.stop(query.items.start + item)
    return Stand(told, service.placed(query, item), None if np.isnan(score) else score)


def _standing(service: Service, query: Query, item: int) -> Standing:
    if service.unseen and query.seen(service.unseen)[:, [item]].nnz:
        return "had"
    if service.allowed is not None and not service.allowed[item]:
        return "left out"
    placement = service.placed(query, item)
    if placement.before is None:
        return "no opinion"
    if placement.rank is None:
        return "taken out"
    return "in the list" if placement.rank <= service.k else "below the list"


def _sides(service: Service, query: Query, first: int, second: int) -> tuple[tuple[Side, ...], bool]:
    """The reasons of two items side by side; and whether they are exactly the scores' difference."""
    if not isinstance(service.scorer, Explains):
        return (), False
    compared = comparison.why_above(service.scorer, query, 0, first, second)
    return sides(service.teller.tell(compared.first), service.teller.tell(compared.second)), True


def _promising(graph: KnowledgeGraph, query: Query, item: int) -> NDArray[np.int64]:
    """Items that are not the user's yet, as nodes: first those with most customers and rarest facts in common."""
    bought = graph.matrix(graph.find(graph.event_kind, USER))
    node = query.items.start + item
    buyers = neighbours(graph, np.array([node]), f"rev_{graph.event_kind}") - graph.nodes[USER].start
    shared = np.asarray((bought[buyers] > 0).sum(axis=0), dtype=np.float64)
    for relation in graph.relations:
        if relation[0] == ITEM and relation[2] not in (ITEM, USER):
            facts: Any = csr_array(graph.matrix(relation) > 0).astype(np.float64)
            rarity = 1 / np.maximum(facts.sum(axis=0), 1)
            shared += facts @ (facts[[item]].toarray()[0] * rarity)
    had = query.seen((graph.event_kind,)).toarray()[0] > 0
    had[item] = True
    order = np.argsort(-shared, kind="stable")
    return order[~had[order]] + query.items.start


def _places(service: Service, query: Query, sets: NDArray[np.int64], item: int) -> NDArray[np.int64]:
    """The item's place by the scores alone after each set of purchases."""
    more = with_each(query, sets, service.graph.event_kind)
    parts = [ranks(service.scores(more.take(rows)), item) for rows in blocks(len(more), len(more.items))]
    return np.concatenate([*parts, np.empty(0, np.int64)])


def _checked(service: Service, query: Query, sets: NDArray[np.int64], item: int) -> tuple[Bringing, ...]:
    """Of the first sets those that do bring the item into the list, ranked and re-ranked anew; the best place first."""
    found = []
    for nodes in islice(sets, _CHECKED):
        rank = service.placed(with_each(query, nodes[None, :], service.graph.event_kind), item).rank
        if rank is not None and rank <= service.k:
            found.append(Bringing(tuple(map(service.teller.stop, nodes.tolist())), rank))
    return tuple(sorted(found, key=lambda answer: answer.rank)[:_SHOWN])


def _grown(sets: NDArray[np.int64], partners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every set with one more of the partners, each once."""
    size = sets.shape[1] + 1
    grown = {tuple(sorted({*nodes, partner})) for nodes in sets.tolist() for partner in partners.tolist()}
    return np.array(sorted(one for one in grown if len(one) == size), dtype=np.int64).reshape(-1, size)
