"""The JSON of answers: what scripts may rely on."""

from __future__ import annotations

from typing import Any

from recsys.explanation.answer_words import Answer, answer_words
from recsys.explanation.answers import Owed, Side, Stand, WhyAbove, WhyNot, Without, WouldBring
from recsys.explanation.contract import occasion_json, placement_json, stop_json
from recsys.explanation.phrases import Phrases
from recsys.explanation.told import Stop


def answer_json(answer: Answer, *, language: str = "en") -> dict[str, Any]:
    """The contract's document; `exact` is False where the answer is the best that was found."""
    names = Phrases.of(language)
    own: dict[str, Any]
    match answer:
        case WhyAbove():
            sides = [_side(side, "first", "second", names) for side in answer.sides]
            difference = _difference(answer.first, answer.second)
            own = {"first": _stand(answer.first), "second": _stand(answer.second), "difference": difference}
            own = {"question": "why_above", **own, "parts": sides}
        case WhyNot():
            rival = None if answer.rival is None else _stand(answer.rival)
            parts = [_side(side, "rival", "item", names) for side in answer.sides]
            own = _asked("why_not", answer) | {"standing": answer.standing, "rival": rival, "parts": parts}
        case WouldBring():
            found = [{"items": [_named(item) for item in one.items], "rank": one.rank} for one in answer.answers]
            own = _asked("would_bring", answer) | {"standing": answer.standing, "answers": found}
            own |= {"tried": answer.tried, "possible": answer.possible}
        case Without():
            events = [
                {"node": stop_json(node, names), "events": [occasion_json(occasion) for occasion in occasions]}
                for node, occasions in answer.nodes
            ]
            own = _asked("without", answer) | {"without": events, "rank_after": answer.after}
        case Owed():
            parts = [
                {"node": stop_json(node, names), "events": list(map(occasion_json, occasions)), "value": value}
                for node, occasions, value in answer.parts
            ]
            own = {"question": "attribute", **_stand(answer.stand), "method": "shapley", "orders": answer.n_orders}
            own |= {"without_any": answer.nothing, "attributions": parts, "gap": answer.gap}
    user = answer.user.id if answer.user else None
    return {
        "user_id": user,
        **own,
        "exact": not isinstance(answer, Owed) and answer.exact,
        "text": list(answer_words(answer, language=language)),
    }


def _asked(question: str, answer: WhyNot | WouldBring | Without) -> dict[str, Any]:
    return {"question": question, "k": answer.k, **_stand(answer.stand)}


def _stand(stand: Stand) -> dict[str, Any]:
    return {
        "item_id": stand.item.id,
        "title": stand.item.label,
        "score": stand.score,
        **placement_json(stand.placement),
    }


def _difference(first: Stand, second: Stand) -> float | None:
    return None if first.score is None or second.score is None else first.score - second.score


def _side(side: Side, first: str, second: str, names: Phrases) -> dict[str, Any]:
    return {
        "scorer": side.scorer,
        "kind": side.kind if side.node is None else None,
        "node": stop_json(side.node, names) if side.node else None,
        first: side.first,
        second: side.second,
        "difference": side.difference,
    }


def _named(item: Stop) -> dict[str, Any]:
    return {"item_id": item.id, "title": item.label}
