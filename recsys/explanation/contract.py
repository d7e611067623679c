"""The JSON of an explanation: what scripts may rely on."""

from __future__ import annotations

from typing import Any

from recsys.explanation.answer_words import moves
from recsys.explanation.phrases import Phrases
from recsys.explanation.told import Context, Occasion, Reason, Step, Stop, Told
from recsys.explanation.words import Audience, words
from recsys.types import Placement


def as_json(
    told: Told, placement: Placement, *, language: str = "en", audience: Audience = "shopper"
) -> dict[str, Any]:
    """The contract's document; `placement` is the item's place in the user's list, and how it came there.

    `contributions` sum to `score`. A `path` alternates nodes {"type", "id", "label", "count"} and steps {"relation"},
    each step an edge of the graph: of a link it ends at the node that the user's events touch, of a constant it is the
    item alone. Several nodes in one place have no id; a `count` of null stands for fewer customers than may be told, or
    with `counted` false for nodes that there was no time to count. `cut_ms`: the milliseconds that were not enough.
    """
    names = Phrases.of(language)
    return {
        "user_id": told.user.id if told.user else None,
        "item_id": told.item.id,
        **placement_json(placement),
        "score": told.score,
        "path_share": told.share("path"),
        "additive": told.additive,
        "cut_ms": told.cut_ms,
        "contributions": [_contribution(reason, told, names) for reason in told.reasons],
        "text": [*words(told, language=language, audience=audience), *moves(placement, names)],
    }


def placement_json(placement: Placement) -> dict[str, Any]:
    """Where an item stands, by its score alone too, and every step that moved it."""
    moved = [{"step": move.step, "from": move.before, "to": move.after} for move in placement.moves]
    return {"rank": placement.rank, "rank_before": placement.before, "moves": moved}


def _contribution(reason: Reason, told: Told, names: Phrases) -> dict[str, Any]:
    document = {
        "scorer": reason.scorer,
        "value": reason.value,
        "kind": reason.kind,
        "path": [*_way_to(reason, told, names), *_way_on(reason, told, names)],
        "events": [occasion_json(occasion) for occasion in reason.occasions],
    }
    return document | ({"context": _context(reason.context, names)} if reason.context else {})


def _way_to(reason: Reason, told: Told, names: Phrases) -> list[dict[str, Any]]:
    """From the user to the node of the query; a guest has no node to start from."""
    if told.user is None or reason.node is None:
        return []
    return [stop_json(told.user, names), _step(Step(reason.occasions[0].kind))]


def _way_on(reason: Reason, told: Told, names: Phrases) -> list[dict[str, Any]]:
    stops = reason.stops or (reason.node or told.item,)
    way = [stop_json(stops[0], names)]
    for step, stop in zip(reason.steps, stops[1:], strict=True):
        way += [_step(step), stop_json(stop, names)]
    return way


def stop_json(stop: Stop, names: Phrases) -> dict[str, Any]:
    """A node, or several in one place."""
    if stop.id is not None:
        return {"type": stop.type, "id": stop.id, "label": stop.label}
    return {"type": stop.type, "id": None, "label": names.node(stop), "count": stop.count, "counted": stop.counted}


def _step(step: Step) -> dict[str, Any]:
    return {"relation": step.relation} | ({"provenance": step.provenance} if step.provenance else {})


def occasion_json(occasion: Occasion) -> dict[str, Any]:
    """What a user did with a node."""
    return {
        "kind": occasion.kind,
        "count": occasion.count,
        "last": occasion.last.isoformat() if occasion.last else None,
    }


def _context(context: Context, names: Phrases) -> dict[str, Any]:
    """Labelled by its own key: it stands beside the score, not in it."""
    return {
        "customers": stop_json(context.customers, names) if context.customers else None,
        "shared": [{"relation": relation, **stop_json(stop, names)} for relation, stop in context.shared],
    } | ({"days": context.days, "popular": context.popular} if context.days else {})
